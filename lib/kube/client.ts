import type { KubeObject } from '#crds';
import { deadline, sleep } from '#concurrency';
import { objectFrom, objectsFrom, readPage } from './answers.ts';
import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  Identity,
  KubeClient,
  ListOptions,
  ObjectKey,
  PatchOptions,
  RequestOptions,
  Resource,
  WriteOptions,
} from './contract.ts';
import { type ClusterAccess, type Credentials, CredentialSource, loadKubeConfig } from './credentials.ts';
import { errorFromResponse, isGone, isNotFound, KubeConnectionError } from './errors.ts';
import { readLines } from './lines.ts';
import { collectionPath, objectKey, resourcePath } from './names.ts';
import { type RateLimit, TokenBucket } from './rate-limit.ts';
import { defaultRetryRule, type Failure, parseRetryAfter, type RetryRule, retryDelay } from './retry.ts';
import { NoAnswerError, type OpenResponse, type RawRequest, type RawResponse, Transport } from './transport.ts';

/** One attempt, for `rest_client_requests_total`. */
export interface SeenRequest {
  readonly method: string;
  /** The HTTP status, `<error>` when no answer came. */
  readonly code: string;
  readonly host: string;
  readonly ms: number;
}

export interface KubeClientOptions {
  /** Connections for calls (default 8); each watch has one more of its own. */
  readonly connections?: number | undefined;
  /** Bound of a call that names none, in milliseconds (default 30,000). */
  readonly timeoutMs?: number | undefined;
  readonly userAgent?: string | undefined;
  /**
   * Client-side throttle. It ends with the first answer that shows that the server's own priority and fairness is on
   * (as client-go and Flux do), because that one is fair and this one only slow.
   */
  readonly rateLimit?: RateLimit | undefined;
  readonly retry?: RetryRule | undefined;
  readonly onRequest?: ((seen: SeenRequest) => void) | undefined;
  readonly log?: { debug(fields: object, message: string): void } | undefined;
}

const defaultTimeoutMs = 30_000;
const pageSize = 500;
const json = 'application/json';
const partialObject = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
const partialList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

/**
 * Opens a client. Nothing is sent yet; what cannot work without a server (a missing file, no cluster) is thrown here.
 */
export async function openKubeClient(access: ClusterAccess, options: KubeClientOptions = {}): Promise<KubeClient> {
  const credentials = new CredentialSource(loadKubeConfig(access));
  await credentials.get();
  return new Client(new Connection(credentials, options), []);
}

/** What clients of all identities share: credentials, connections, throttle. */
class Connection implements AsyncDisposable {
  readonly server: string;
  readonly host: string;
  readonly options: KubeClientOptions;
  readonly retry: RetryRule;
  readonly #credentials: CredentialSource;
  readonly #basePath: string;
  #bucket: TokenBucket | undefined;
  #transport: { readonly key: string; readonly value: Transport; readonly credentials: Credentials } | undefined;

  constructor(credentials: CredentialSource, options: KubeClientOptions) {
    const url = new URL(credentials.server);
    this.server = credentials.server;
    this.host = url.host;
    this.#basePath = url.pathname.replace(/\/+$/, '');
    this.options = options;
    this.retry = options.retry ?? defaultRetryRule;
    this.#credentials = credentials;
    this.#bucket = options.rateLimit === undefined ? undefined : new TokenBucket(options.rateLimit);
  }

  async call(request: RawRequest, signal: AbortSignal): Promise<RawResponse> {
    await this.#bucket?.take(signal);
    return this.#counted(request.method, () => this.#withCredentials(request, (t, r) => t.call(r, signal)));
  }

  async open(request: RawRequest, signal: AbortSignal): Promise<OpenResponse> {
    await this.#bucket?.take(signal);
    return this.#counted(request.method, () => this.#withCredentials(request, (t, r) => t.open(r, signal)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport?.value[Symbol.asyncDispose]();
  }

  /** Asks once more with new credentials when the server no longer takes the old ones and there are others. */
  async #withCredentials<R extends { readonly code: number }>(
    request: RawRequest,
    send: (transport: Transport, request: RawRequest) => Promise<R>,
  ): Promise<R> {
    const used = this.#credentials.fresh() ?? (await this.#credentials.get());
    const answer = await send(this.#transportFor(used), this.#authorized(request, used));
    if (answer.code !== 401) return answer;
    this.#credentials.reject(used);
    const renewed = await this.#credentials.get();
    if (JSON.stringify(renewed) === JSON.stringify(used)) return answer;
    return send(this.#transportFor(renewed), this.#authorized(request, renewed));
  }

  #authorized(request: RawRequest, credentials: Credentials): RawRequest {
    const headers = [...request.headers];
    for (const [name, value] of Object.entries(credentials.headers)) {
      if (!headers.includes(name)) headers.push(name, value);
    }
    return { ...request, path: this.#basePath + request.path, headers };
  }

  #transportFor(credentials: Credentials): Transport {
    if (this.#transport?.credentials === credentials) return this.#transport.value;
    const key = JSON.stringify(credentials.tls);
    let value = this.#transport?.value;
    if (value === undefined || this.#transport?.key !== key) {
      const previous = value;
      value = new Transport(new URL(this.server).origin, credentials.tls, {
        connections: this.options.connections ?? 8,
        connectTimeoutMs: 10_000,
        proxyUrl: this.#credentials.proxyUrl,
      });
      previous?.close().catch((error: unknown) => this.options.log?.debug({ error }, 'cannot close old connections'));
    }
    this.#transport = { key, value, credentials };
    return value;
  }

  async #counted<R extends { readonly code: number; readonly headers: RawResponse['headers'] }>(
    method: string,
    send: () => Promise<R>,
  ): Promise<R> {
    const start = performance.now();
    let code = '<error>';
    try {
      const answer = await send();
      code = String(answer.code);
      if (answer.headers['x-kubernetes-pf-flowschema-uid'] !== undefined) this.#bucket = undefined;
      return answer;
    } finally {
      this.options.onRequest?.({ method, code, host: this.host, ms: performance.now() - start });
    }
  }
}

interface Sending {
  readonly method: string;
  readonly path: string;
  readonly options: RequestOptions;
  readonly idempotent: boolean;
}

class Client implements KubeClient {
  readonly server: string;
  readonly #connection: Connection;
  readonly #identity: readonly string[];

  /** @param identity impersonation headers, names and values by turns */
  constructor(connection: Connection, identity: readonly string[]) {
    this.server = connection.server;
    this.#connection = connection;
    this.#identity = identity;
  }

  request(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    return this.#send({ method, path, options, idempotent: method === 'GET' || method === 'HEAD' });
  }

  async *stream(path: string, options: RequestOptions = {}): AsyncGenerator<string> {
    const fullPath = withQuery(path, options.query);
    const request = { method: 'GET', path: fullPath, headers: this.#headers(options) };
    const reading = new AbortController();
    const signal = options.signal === undefined ? reading.signal : AbortSignal.any([reading.signal, options.signal]);
    try {
      const answer = await this.#openInTime(request, signal, reading, options);
      if (answer.code >= 300) {
        let body = '';
        for await (const chunk of answer.chunks) if (body.length < 65_536) body += chunk.toString('utf8');
        throw errorFromResponse(answer.code, body, request);
      }
      yield* readLines(answer.chunks);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw this.#connectionError(error) ?? error;
    } finally {
      reading.abort(); // a reader that stops early must not leave the connection open
    }
  }

  async get(
    resource: Resource,
    key: ObjectKey,
    options: CallOptions & { readonly metadataOnly?: boolean } = {},
  ): Promise<KubeObject> {
    const { signal, timeoutMs, metadataOnly = false } = options;
    const accept = metadataOnly ? partialObject : json;
    const answer = await this.request('GET', resourcePath(resource, key), { signal, timeoutMs, accept });
    return objectFrom(answer, resource, metadataOnly);
  }

  async find(
    resource: Resource,
    key: ObjectKey,
    options: CallOptions & { readonly metadataOnly?: boolean } = {},
  ): Promise<KubeObject | undefined> {
    try {
      return await this.get(resource, key, options);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list(
    resource: Resource,
    options: ListOptions = {},
  ): Promise<{ readonly items: readonly KubeObject[]; readonly resourceVersion: string }> {
    try {
      return await this.#listPages(resource, options, pageSize);
    } catch (error) {
      if (!isGone(error)) throw error;
      return this.#listPages(resource, options, undefined); // a page took so long that the snapshot is gone: all at once
    }
  }

  async #listPages(
    resource: Resource,
    options: ListOptions,
    limit: number | undefined,
  ): Promise<{ readonly items: readonly KubeObject[]; readonly resourceVersion: string }> {
    const { signal, timeoutMs, metadataOnly = false } = options;
    const path = collectionPath(resource, options.namespace);
    const items: KubeObject[] = [];
    let next: string | undefined;
    for (;;) {
      const query = {
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        limit: limit?.toString(),
        continue: next,
      };
      const accept = metadataOnly ? partialList : json;
      const page = readPage(await this.request('GET', path, { signal, timeoutMs, accept, query }));
      for (const item of objectsFrom(page.items, resource, metadataOnly)) items.push(item);
      if (page.next === undefined) return { items, resourceVersion: page.resourceVersion };
      next = page.next;
    }
  }

  async create(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const path = collectionPath(resource, objectKey(object).namespace);
    const sending = { method: 'POST', path, options: { ...callOf(options), query: writeQuery(options), body: object } };
    return objectFrom(await this.#send({ ...sending, idempotent: false }), resource);
  }

  async replace(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const path = resourcePath(resource, objectKey(object), options.subresource);
    const sending = { method: 'PUT', path, options: { ...callOf(options), query: writeQuery(options), body: object } };
    return objectFrom(await this.#send({ ...sending, idempotent: true }), resource);
  }

  async patch(resource: Resource, key: ObjectKey, patch: unknown, options: PatchOptions): Promise<KubeObject> {
    const answer = await this.#send({
      method: 'PATCH',
      path: resourcePath(resource, key, options.subresource),
      options: {
        ...callOf(options),
        query: writeQuery(options),
        body: patch,
        contentType: patchTypes[options.type],
      },
      idempotent: options.type === 'merge',
    });
    return objectFrom(answer, resource);
  }

  async apply(resource: Resource, object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
    const answer = await this.#send({
      method: 'PATCH',
      path: resourcePath(resource, objectKey(object), options.subresource),
      options: {
        ...callOf(options),
        query: { ...writeQuery(options), force: options.force === true ? 'true' : undefined },
        body: object,
        contentType: 'application/apply-patch+yaml', // JSON is YAML
      },
      idempotent: true,
    });
    return objectFrom(answer, resource);
  }

  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): Promise<KubeObject> {
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: options.propagationPolicy,
      dryRun: options.dryRun === true ? ['All'] : undefined,
      preconditions: options.preconditions,
    };
    const path = resourcePath(resource, key);
    const answer = await this.#send({
      method: 'DELETE',
      path,
      options: { ...callOf(options), body },
      idempotent: true,
    });
    return objectFrom(answer, resource, false, key);
  }

  as(identity: Identity): KubeClient {
    const groups = identity.groups ?? [];
    const headers = ['impersonate-user', identity.user, ...groups.flatMap((group) => ['impersonate-group', group])];
    return new SharingClient(this.#connection, headers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  #headers(options: RequestOptions): string[] {
    const agent = this.#connection.options.userAgent ?? 'sluice';
    const headers = ['accept', options.accept ?? json, 'user-agent', agent, ...this.#identity];
    if (options.body !== undefined) headers.push('content-type', options.contentType ?? json);
    return headers;
  }

  async #send({ method, path, options, idempotent }: Sending): Promise<unknown> {
    const timeoutMs = options.timeoutMs ?? this.#connection.options.timeoutMs ?? defaultTimeoutMs;
    const request: RawRequest = {
      method,
      path: withQuery(path, options.query),
      headers: this.#headers(options),
      body: bodyOf(options.body),
    };
    options.signal?.throwIfAborted();
    using limit = deadline(timeoutMs, options.signal);
    try {
      const answer = await this.#sendWithRetries(request, idempotent, limit.signal);
      return bodyFrom(answer, this.server);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!limit.signal.aborted) throw error;
      const message = `the API server at ${this.server} did not answer ${method} ${path} within ${timeoutMs} ms`;
      throw new KubeConnectionError('timeout', message, { cause: error });
    }
  }

  async #sendWithRetries(request: RawRequest, idempotent: boolean, signal: AbortSignal): Promise<RawResponse> {
    const { retry, options } = this.#connection;
    for (let attempt = 0; ; attempt++) {
      let failure: Failure;
      let error: Error;
      try {
        const answer = await this.#connection.call(request, signal);
        if (answer.code < 400) return answer;
        error = errorFromResponse(answer.code, answer.body, request);
        const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], new Date());
        failure = { kind: 'status', code: answer.code, retryAfterMs };
      } catch (thrown) {
        const lost = this.#connectionError(thrown);
        if (lost === undefined || signal.aborted) throw thrown;
        error = lost;
        failure = { kind: 'connection', code: lost.code };
      }
      const waitMs = retryDelay(failure, attempt, idempotent, request.method, retry, Math.random());
      if (waitMs === undefined) throw error;
      options.log?.debug({ error, method: request.method, path: request.path, waitMs }, 'retrying');
      await sleep(waitMs, signal);
    }
  }

  /** `reading` is aborted with a timeout when the answer does not begin in time. */
  async #openInTime(
    request: RawRequest,
    signal: AbortSignal,
    reading: AbortController,
    options: RequestOptions,
  ): Promise<OpenResponse> {
    const timeoutMs = options.timeoutMs ?? this.#connection.options.timeoutMs ?? defaultTimeoutMs;
    const message = `the API server at ${this.server} did not begin to answer GET ${request.path} within ${timeoutMs} ms`;
    const timer = setTimeout(() => reading.abort(new KubeConnectionError('timeout', message)), timeoutMs);
    try {
      return await this.#connection.open(request, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  #connectionError(error: unknown): KubeConnectionError | undefined {
    if (!(error instanceof NoAnswerError)) return undefined;
    const why = describeCause(error);
    if (!error.sent) {
      const code = isDistrust(error.cause) ? 'untrusted' : 'connect';
      return new KubeConnectionError(code, `cannot reach the API server at ${this.server}: ${why}`, { cause: error });
    }
    return new KubeConnectionError('lost', `lost the connection to the API server at ${this.server}: ${why}`, {
      cause: error,
    });
  }
}

/** A view on another client's connections: closing it closes nothing. */
class SharingClient extends Client {
  override async [Symbol.asyncDispose](): Promise<void> {}
}

function callOf({ signal, timeoutMs }: CallOptions): CallOptions {
  return { signal, timeoutMs };
}

function writeQuery(options: WriteOptions): Record<string, string | undefined> {
  return { fieldManager: options.fieldManager, dryRun: options.dryRun === true ? 'All' : undefined };
}

function withQuery(path: string, query: RequestOptions['query']): string {
  if (query === undefined) return path;
  let text = '';
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') text += `${text === '' ? '?' : '&'}${name}=${encodeURIComponent(value)}`;
  }
  return path + text;
}

function bodyOf(body: unknown): string | Uint8Array | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body;
  return JSON.stringify(body);
}

function bodyFrom(answer: RawResponse, server: string): unknown {
  const type = answer.headers['content-type'];
  if (typeof type !== 'string' || !type.startsWith(json)) return answer.body;
  try {
    return JSON.parse(answer.body);
  } catch (error) {
    throw new Error(`cannot read the answer of the API server at ${server}: it is not JSON`, { cause: error });
  }
}

/** Node's and OpenSSL's codes for certificates, which no second try makes better. */
function isDistrust(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_SSL_|^ERR_OSSL_/.test(code);
}

/** Node's connection errors may be an AggregateError without a text of its own. */
function describeCause(error: NoAnswerError): string {
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  return error.message === '' ? String(cause) : error.message;
}
