import type { KubeObject } from '#crds';

export interface GroupVersionKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A kind as the API server serves it. */
export interface Resource extends GroupVersionKind {
  /** The plural in the URL, as `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Which object: the namespace is absent for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Upper bound of one call, in milliseconds (default 30,000). */
  readonly timeoutMs?: number | undefined;
}

export interface RequestOptions extends CallOptions {
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  /** Sent as JSON. A string or bytes are sent as they are. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
}

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Asks for `PartialObjectMetadata` only. */
  readonly metadataOnly?: boolean | undefined;
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly subresource?: 'status' | 'scale' | undefined;
}

export interface PatchOptions extends WriteOptions {
  /** `merge` is RFC 7386, `json` is RFC 6902. */
  readonly type: 'merge' | 'json' | 'strategic';
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take fields over from other managers. */
  readonly force?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  readonly dryRun?: boolean | undefined;
  readonly preconditions?:
    | { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined }
    | undefined;
}

/** Who a call is made as: RBAC of that user decides (impersonation headers). */
export interface Identity {
  readonly user: string;
  readonly groups?: readonly string[] | undefined;
}

/**
 * The API server over one pooled keep-alive transport; answers are the raw JSON.
 * Every call rejects with `KubeApiError` when the server answers an error status.
 */
export interface KubeClient extends AsyncDisposable {
  readonly server: string;
  /** `path` is absolute on the server and already escaped, as `/api/v1/namespaces`. */
  request(method: string, path: string, options?: RequestOptions): Promise<unknown>;
  /** The lines of a streaming answer (a watch); ends when the server ends it. `timeoutMs` bounds the wait for its beginning. */
  stream(path: string, options?: RequestOptions): AsyncIterable<string>;
  get(
    resource: Resource,
    key: ObjectKey,
    options?: CallOptions & { readonly metadataOnly?: boolean },
  ): Promise<KubeObject>;
  /** `get`, or undefined when there is no such object. */
  find(
    resource: Resource,
    key: ObjectKey,
    options?: CallOptions & { readonly metadataOnly?: boolean },
  ): Promise<KubeObject | undefined>;
  /** All pages. */
  list(
    resource: Resource,
    options?: ListOptions,
  ): Promise<{ readonly items: readonly KubeObject[]; readonly resourceVersion: string }>;
  create(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  replace(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  patch(resource: Resource, key: ObjectKey, patch: unknown, options: PatchOptions): Promise<KubeObject>;
  /** Server-side apply of `object` (its apiVersion, kind, namespace and name say which). */
  apply(resource: Resource, object: KubeObject, options: ApplyOptions): Promise<KubeObject>;
  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<KubeObject>;
  /** The same transport under another identity; closing it closes nothing. */
  as(identity: Identity): KubeClient;
}

/** Which resource serves a kind. */
export interface RestMapper {
  /**
   * Asks the server again when the kind is missing (at most once a second), so a CRD applied a moment ago is found.
   * @throws NoMatchError with the text `no matches for kind "Foo" in version "foo.io/v1"`
   */
  resourceFor(gvk: GroupVersionKind, options?: CallOptions): Promise<Resource>;
  /** Forget what is known of a group, or of all. */
  invalidate(group?: string): void;
}

export type CacheEvent<T extends KubeObject> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T };

export interface WatchOptions<T extends KubeObject> {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly metadataOnly?: boolean | undefined;
  /** How long one watch lasts before the next goes on from there, in seconds (default: a random 240 to 480). */
  readonly timeoutSeconds?: number | undefined;
  /** Parses (and may shrink) what the cache keeps; default: the object without its managedFields. */
  readonly parse?: ((object: KubeObject) => T) | undefined;
  /** Called in order, after the cache holds the change. It must not throw and must not wait. */
  readonly onEvent?: ((event: CacheEvent<T>) => void) | undefined;
  /** A watch that fails is tried again with back-off for ever; this is told each time, for the log. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** List + watch with bookmarks: a live copy of a selection of one kind. Relists by itself after 410. */
export interface WatchCache<T extends KubeObject> extends AsyncDisposable {
  readonly resource: Resource;
  readonly synced: boolean;
  /** Resolves after the first complete list. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  get(key: ObjectKey): T | undefined;
  list(): readonly T[];
}
