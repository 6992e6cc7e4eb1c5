import type { CommonMetadata, KubeObject } from '#crds';
import type { KubeClient, RestMapper } from '#kube';

/** Which object, in which version. The namespace is absent for cluster-scoped kinds. */
export interface ObjectId {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export type Action = 'created' | 'configured' | 'unchanged' | 'skipped' | 'deleted';

export interface Change {
  readonly id: ObjectId;
  readonly action: Action;
  /** What others had changed, when this change took it back. */
  readonly drift?: Drift | undefined;
}

/** A change of an object by someone else since we last wrote it. No value is named: it may be a secret. */
export interface Drift {
  /** As `.spec.replicas`; the first few. */
  readonly fields: readonly { readonly path: string; readonly manager: string | undefined }[];
}

/** The Kustomization (or other applier) that an object belongs to; written as two labels on each object. */
export interface Owner {
  readonly name: string;
  readonly namespace: string;
}

export interface ApplyRequest {
  readonly owner: Owner;
  /** Set on every object, over everything else. */
  readonly commonMetadata?: CommonMetadata | undefined;
  /** Delete and re-create what cannot be changed in place. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Apply what can be applied: an object that is refused holds up only those that depend on it. The call still throws in the end
   * (code `partial`), with all changes and all failures.
   */
  readonly partial?: boolean | undefined;
  /** Fields of an object that others may change, as JSON pointers: their drift is not repaired (`spec.ignore`). */
  readonly ignoredPaths?: ((object: KubeObject) => readonly string[]) | undefined;
  /** Told after each stage that was applied, before the next one starts. */
  readonly onStage?: ((changes: readonly Change[]) => void | Promise<void>) | undefined;
}

export interface PruneRequest {
  readonly owner: Owner;
  readonly signal?: AbortSignal | undefined;
}

export interface PruneFailure {
  readonly id: ObjectId;
  readonly error: string;
}

export interface PruneResult {
  /** `deleted` (also what was gone already) and `skipped`, in the order of deletion. */
  readonly changes: readonly Change[];
  /** What could not be deleted: it belongs back into the inventory. */
  readonly failed: readonly PruneFailure[];
}

/** How live objects differ from what is desired. */
export interface Comparison {
  /** What applying would make of each object; `drift` names the fields that differ. */
  readonly changes: readonly Change[];
  /** What the API server would refuse, one line each. */
  readonly failures: readonly { readonly id: ObjectId; readonly message: string }[];
}

/** Applies and prunes under one identity on one cluster. */
export interface ApplyEngine {
  /**
   * Applies the objects in stages: each is validated as a whole before its first write, and the first two are waited for.
   * @returns one change per object, in the order of application (which is the order of the inventory)
   * @throws ApplyError whose message names every bad object, then lists what earlier stages changed
   */
  apply(objects: readonly KubeObject[], request: ApplyRequest): Promise<readonly Change[]>;
  /** What `apply` would do. Writes nothing. */
  compare(objects: readonly KubeObject[], request: ApplyRequest): Promise<Comparison>;
  /** Deletes what still belongs to the owner, last applied first. Never throws for a single object. */
  prune(ids: readonly ObjectId[], request: PruneRequest): Promise<PruneResult>;
  /**
   * The ids as the API server has them: a cluster-scoped object has no namespace, whatever its manifest says. Ids that are
   * compared with those of changes must come through here first.
   * @throws when the kinds cannot be looked up now
   */
  identify(ids: readonly ObjectId[], signal?: AbortSignal): Promise<readonly ObjectId[]>;
}

export interface ApplyEngineOptions {
  /** Decides with whose rights objects are read and written. */
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  /** Memory and watches of this cluster. Without it every object is read and dry-run each time. */
  readonly live?: LiveObjects | undefined;
  /** Default `kustomize-controller`. */
  readonly fieldManager?: string | undefined;
  /** Reads and dry-runs at a time in one stage (default 4). */
  readonly concurrentSsa?: number | undefined;
  /** Further field managers whose fields become ours (`--override-manager`). */
  readonly overrideManagers?: readonly string[] | undefined;
  /** Kinds of the third stage as `group/Kind`, core as `/Kind` or `Kind` (`--custom-apply-stage-kinds`). */
  readonly customStageKinds?: readonly string[] | undefined;
}

/** What kstatus makes of one object. */
export type HealthStatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'NotFound' | 'Unknown';

export interface Health {
  readonly status: HealthStatus;
  readonly message: string;
}

export interface PendingObject {
  readonly id: ObjectId;
  readonly status: HealthStatus | undefined;
  readonly message: string;
}

/** What is known of a set of objects that somebody waits for. */
export type WaitState =
  | { readonly state: 'current'; readonly elapsedMs: number }
  | { readonly state: 'progressing'; readonly pending: readonly PendingObject[]; readonly deadline: Date }
  | {
      /** `failed`: an object failed and waiting has no point; `timeout`: the deadline is over. */
      readonly state: 'failed' | 'timeout';
      readonly pending: readonly PendingObject[];
      readonly elapsedMs: number;
      /** Flux's text, as `timeout waiting for: [Deployment/apps/web status: 'InProgress']`. */
      readonly message: string;
    };

export interface TrackRequest {
  /**
   * What this wait is for, as the revision: asked again with the same `key`, a wait goes on with its first deadline;
   * another `key` starts anew.
   */
  readonly key: string;
  readonly timeoutMs: number;
  /** End at the first failed object (default true). */
  readonly failFast?: boolean | undefined;
  /** Judges an object instead of kstatus (a CEL expression); undefined: kstatus decides. */
  readonly evaluate?: ((object: KubeObject, id: ObjectId) => Health | undefined) | undefined;
  /** Which of the ids `evaluate` wants to see. */
  readonly evaluates?: ((id: ObjectId) => boolean) | undefined;
  /** Called once when the state may be final (all current, a failure, the deadline): ask again then. */
  readonly wake: () => void;
}

export interface Tracker {
  /**
   * Looks at once and returns; watches go on looking until the wait ends. One wait per owner at a time.
   * @param owner `namespace/name` of who waits
   */
  track(owner: string, ids: readonly ObjectId[], request: TrackRequest): Promise<WaitState>;
  /** Forgets the wait of an owner. */
  stop(owner: string): void;
}

/** With whose rights objects are read and written. */
export interface Actor {
  readonly client: KubeClient;
  /** Tells actors apart. Empty: the one whose rights the watches have. */
  readonly name: string;
}

/** Live copies of what was applied, as small as possible, and what our last write of each object left. One per cluster. */
export interface LiveObjects extends AsyncDisposable {
  /** Health of applied or named objects (kstatus). */
  readonly health: Tracker;
  /** `current` when all are gone. */
  readonly termination: Tracker;
  /** Forgets the records of an owner that is gone. */
  forget(owner: Owner): void;
  /**
   * The same for someone with fewer rights: what the watches show is used only of objects that this actor wrote or compared
   * itself; everything else is asked for with the actor's client, so that its own rights decide. Closing it closes nothing.
   */
  as(actor: Actor): LiveObjects;
}

export interface LiveObjectsOptions {
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  /** Default `kustomize-controller`. */
  readonly fieldManager?: string | undefined;
  readonly overrideManagers?: readonly string[] | undefined;
  /** Someone else changed or deleted an object: a run of its owner compares and repairs just that. `owner` is `namespace/name`. */
  readonly onDrift?: ((owner: string, id: ObjectId, what: 'changed' | 'deleted') => void) | undefined;
  /** A watch failed (it is tried again) or is forbidden (the interval takes its place). For the log. */
  readonly onError?: ((kind: string, error: unknown) => void) | undefined;
}
