import { createHash } from 'node:crypto';
import {
  type Answer,
  bodyBytes,
  discard,
  headerOf,
  HttpError,
  readBody,
  readShort,
  send,
  type SendOptions,
} from '#http';
import { Authenticator, challengeOf } from './authenticator.ts';
import type { RegistryCredentials } from './credentials.ts';
import { type Descriptor, type Index, type Manifest, manifestTypes, parseManifest } from './manifest.ts';
import { OciError } from './oci-error.ts';
import { registryHost, type RepositoryName } from './reference.ts';

export interface RepositoryOptions extends RepositoryName {
  readonly credentials?: RegistryCredentials | undefined;
  /** Plain http will do where there is no https. It will for hosts that cannot be on the internet, too. */
  readonly insecure?: boolean | undefined;
  readonly dispatcher: SendOptions['dispatcher'];
}

export interface FetchedManifest {
  readonly digest: string;
  readonly content: Manifest | Index;
}

const mostManifestBytes = 4 * 1024 * 1024;
const mostTagPageBytes = 8 * 1024 * 1024;
const mostTags = 200_000;
const mostTagPages = 1_000;

/** One repository of a registry, read through the OCI distribution API. Everything that comes by digest has that digest. */
export class Repository {
  readonly #options: RepositoryOptions;
  #base: URL;
  /** Which scheme the registry speaks is found out once. */
  #schemeKnown: boolean;
  readonly #authenticator: Authenticator;

  constructor(options: RepositoryOptions) {
    this.#options = options;
    this.#base = new URL(`https://${registryHost(options.registry)}/v2/${options.repository}/`);
    this.#schemeKnown = options.insecure !== true && !isPrivateHost(this.#base.hostname);
    this.#authenticator = new Authenticator(options.credentials, options.repository);
  }

  get name(): RepositoryName {
    return this.#options;
  }

  /**
   * All tags, page by page.
   * @throws OciError
   */
  async listTags(signal: AbortSignal): Promise<readonly string[]> {
    const tags: string[] = [];
    let page: URL | undefined = await this.#url('tags/list?n=1000', signal);
    for (let pages = 0; page !== undefined; pages++) {
      if (pages === mostTagPages || tags.length > mostTags) {
        throw new OciError('tooLarge', `cannot list tags of ${this.#base.host}: there are too many`);
      }
      const answer = await this.#get(page, {}, signal);
      page = nextPage(answer, page);
      tags.push(...tagsIn(await this.#read(answer, mostTagPageBytes, signal)));
    }
    return tags;
  }

  /**
   * Digest of the manifest that a tag or digest names. HEAD first, since it costs no pull where pulls are counted.
   * @throws OciError
   */
  async resolve(reference: string, signal: AbortSignal): Promise<string> {
    const url = await this.#url(`manifests/${reference}`, signal);
    const head = await this.#ask(url, { accept: manifestTypes.join(', ') }, signal, 'HEAD');
    const digest = headerOf(head, 'docker-content-digest');
    await discard(head);
    if (head.status === 200 && digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
    return (await this.#manifestBytes(reference, signal)).digest;
  }

  /**
   * The manifest that a tag or digest names.
   * @throws OciError
   */
  async manifest(reference: string, signal: AbortSignal): Promise<FetchedManifest> {
    const { bytes, digest } = await this.#manifestBytes(reference, signal);
    return { digest, content: parseManifest(bytes) };
  }

  async #manifestBytes(
    reference: string,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: Buffer; readonly digest: string }> {
    const url = await this.#url(`manifests/${reference}`, signal);
    const answer = await this.#get(url, { accept: manifestTypes.join(', ') }, signal);
    const bytes = await this.#read(answer, mostManifestBytes, signal);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (reference.startsWith('sha256:') && digest !== reference) throw mismatch('manifest', reference, digest);
    return { bytes, digest };
  }

  /**
   * The bytes of a layer. They are only known to be right once the last one has come: a wrong digest or size is thrown there.
   * @throws OciError
   */
  async *blob(descriptor: Pick<Descriptor, 'digest' | 'sizeBytes'>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const answer = await this.#get(await this.#url(`blobs/${descriptor.digest}`, signal), {}, signal);
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const piece of bodyBytes(answer, descriptor.sizeBytes, signal)) {
        hash.update(piece);
        bytes += piece.length;
        yield piece;
      }
    } catch (error) {
      throw ociErrorOf(error);
    }
    const digest = `sha256:${hash.digest('hex')}`;
    if (bytes !== descriptor.sizeBytes || digest !== descriptor.digest)
      throw mismatch('blob', descriptor.digest, digest);
  }

  /** What refers to a manifest: through the referrers API, or the tag that stands in for it. */
  async referrers(digest: string, signal: AbortSignal): Promise<readonly Descriptor[]> {
    const answer = await this.#ask(await this.#url(`referrers/${digest}`, signal), {}, signal, 'GET');
    if (answer.status === 200) {
      const content = parseManifest(await this.#read(answer, mostManifestBytes, signal));
      return content.kind === 'index' ? content.manifests : [];
    }
    await discard(answer);
    if (answer.status !== 404)
      throw new OciError('protocol', `cannot list referrers of ${digest}: unexpected status code ${answer.status}`);
    try {
      const { content } = await this.manifest(digest.replace(':', '-'), signal);
      return content.kind === 'index' ? content.manifests : [];
    } catch (error) {
      if (error instanceof OciError && error.code === 'notFound') return [];
      throw error;
    }
  }

  async #url(path: string, signal: AbortSignal): Promise<URL> {
    if (!this.#schemeKnown) {
      this.#base = await this.#reachableBase(signal);
      this.#schemeKnown = true;
    }
    return new URL(path, this.#base);
  }

  /** https if anything answers there, trusted or not, else http. */
  async #reachableBase(signal: AbortSignal): Promise<URL> {
    const plain = new URL(this.#base);
    plain.protocol = 'http:';
    let failure: unknown;
    for (const base of [this.#base, plain]) {
      try {
        await discard(
          await send(new URL('/v2/', base), { dispatcher: this.#options.dispatcher, signal, mostRedirects: 0 }),
        );
        return base;
      } catch (error) {
        if (!(error instanceof HttpError) || error.code !== 'unreachable') throw ociErrorOf(error);
        failure ??= error;
      }
    }
    throw ociErrorOf(failure);
  }

  async #get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#ask(url, headers, signal, 'GET');
    if (answer.status === 200) return answer;
    throw await refusal(answer, url, signal);
  }

  async #ask(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    method: 'GET' | 'HEAD',
  ): Promise<Answer> {
    const { dispatcher } = this.#options;
    try {
      for (let attempt = 0; ; attempt++) {
        const { authorization } = this.#authenticator;
        const answer = await send(url, { dispatcher, signal, method, headers, authorization });
        // A host that we were sent on to has no business with our credentials.
        if (answer.status !== 401 || attempt > 0 || answer.url.host !== url.host) return answer;
        const challenge = challengeOf(answer);
        if (!(await this.#authenticator.answer(challenge, answer.url, { dispatcher, signal }))) return answer;
        await discard(answer);
      }
    } catch (error) {
      throw ociErrorOf(error);
    }
  }

  async #read(answer: Answer, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    try {
      return await readBody(answer, maxBytes, signal);
    } catch (error) {
      throw ociErrorOf(error);
    }
  }
}

/** Hosts that cannot be on the internet: ggcr, which Flux uses, tries http there without being told to. */
function isPrivateHost(hostname: string): boolean {
  return (
    /^(?:localhost|.*\.(?:local|localhost)|\[::1\])$/.test(hostname) ||
    /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)\d/.test(hostname)
  );
}

function ociErrorOf(error: unknown): unknown {
  if (!(error instanceof HttpError)) return error;
  return new OciError(error.code === 'tooLarge' ? 'tooLarge' : 'unreachable', error.message, { cause: error });
}

function mismatch(what: string, expected: string, got: string): OciError {
  return new OciError('digestMismatch', `${what} digest ${got} does not match the requested digest ${expected}`);
}

/** An error answer in the words of Go's registry client: `GET <url>: MANIFEST_UNKNOWN: manifest unknown`. */
async function refusal(answer: Answer, url: URL, signal: AbortSignal): Promise<OciError> {
  const code =
    answer.status === 401 || answer.status === 403 ? 'unauthorized' : answer.status === 404 ? 'notFound' : 'protocol';
  const what = errorsIn(await readShort(answer, signal));
  const words = what === '' ? `unexpected status code ${answer.status}` : what;
  return new OciError(code, `GET ${url.origin}${url.pathname}: ${words}`);
}

function errorsIn(body: string): string {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return '';
  }
  const errors: unknown = typeof json === 'object' && json !== null && 'errors' in json ? json.errors : undefined;
  if (!Array.isArray(errors)) return '';
  return errors
    .slice(0, 3)
    .map((error: unknown) => {
      const fields = new Map<string, unknown>(Object.entries(typeof error === 'object' && error !== null ? error : {}));
      return [fields.get('code'), fields.get('message')]
        .filter((part) => typeof part === 'string' && part !== '')
        .join(': ');
    })
    .join('; ')
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, 512);
}

function nextPage(answer: Answer, from: URL): URL | undefined {
  const link = /<([^>]*)>\s*;\s*rel="?next"?/i.exec(headerOf(answer, 'link') ?? '')?.[1];
  if (link === undefined) return undefined;
  const next = new URL(link, from);
  // Tags of another server are none of this repository.
  if (next.host !== from.host) throw new OciError('protocol', `cannot list tags: the next page is on ${next.host}`);
  next.protocol = from.protocol; // a registry behind a proxy may not know that it is https
  return next.href === from.href ? undefined : next;
}

function tagsIn(body: Buffer): readonly string[] {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new OciError('protocol', 'cannot list tags: the answer is no JSON', { cause: error });
  }
  const tags: unknown = typeof json === 'object' && json !== null && 'tags' in json ? json.tags : undefined;
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [];
}
