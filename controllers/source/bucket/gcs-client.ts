import { createSign } from 'node:crypto';
import { type Answer, bodyBytes, discard, readBody, readShort, send, type SendOptions } from '#http';
import {
  type BucketClient,
  BucketError,
  type FetchedObject,
  type ListedObject,
  mostObjectBytes,
  mostPageBytes,
} from './bucket-client.ts';
import { uriEncode } from './sign-s3.ts';

/** What of a service account's JSON key is used. */
export interface GcsKey {
  readonly email: string;
  readonly privateKey: string;
  readonly tokenUrl: string;
}

export interface GcsOptions {
  readonly endpoint: string;
  readonly bucket: string;
  readonly insecure: boolean;
  readonly key: GcsKey;
  readonly dispatcher: SendOptions['dispatcher'];
}

const scope = 'https://www.googleapis.com/auth/devstorage.read_only';
const tokenLifeSeconds = 3600;

/**
 * Reads a JSON key.
 * @throws BucketError that quotes nothing of it
 */
export function parseGcsKey(text: string): GcsKey {
  const json = parseJson(Buffer.from(text, 'utf8'));
  const [email, privateKey, tokenUrl] = ['client_email', 'private_key', 'token_uri'].map((name) => field(json, name));
  if (
    typeof email !== 'string' ||
    typeof privateKey !== 'string' ||
    typeof tokenUrl !== 'string' ||
    !URL.canParse(tokenUrl)
  ) {
    throw new BucketError('the service account key lacks client_email, private_key or token_uri');
  }
  return { email, privateKey, tokenUrl };
}

/** A bucket of Google Cloud Storage, through its JSON interface. */
export class GcsClient implements BucketClient {
  readonly #options: GcsOptions;
  readonly #base: URL;
  #token: string | undefined;

  constructor(options: GcsOptions) {
    this.#options = options;
    const { endpoint, insecure, bucket } = options;
    const origin = `${insecure ? 'http' : 'https'}://${endpoint}`;
    if (!URL.canParse(origin)) throw new BucketError(`endpoint "${endpoint}" is no host`);
    this.#base = new URL(`/storage/v1/b/${uriEncode(bucket)}`, origin);
  }

  async exists(signal: AbortSignal): Promise<boolean> {
    const answer = await this.#ask('/o', { maxResults: '1', fields: 'kind' }, signal);
    if (answer.status === 404) {
      await discard(answer);
      return false;
    }
    if (answer.status !== 200) throw await refusal(answer, signal);
    await discard(answer);
    return true;
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<ListedObject> {
    let pageToken = '';
    do {
      const query = {
        fields: 'nextPageToken,items(name,etag,size)',
        ...(prefix !== '' && { prefix }),
        ...(pageToken !== '' && { pageToken }),
      };
      const answer = await this.#ask('/o', query, signal);
      if (answer.status !== 200) throw await refusal(answer, signal);
      const page = parseJson(await readBody(answer, mostPageBytes, signal));
      const items = field(page, 'items');
      if (Array.isArray(items)) for (const item of items) yield listed(item);
      const next = field(page, 'nextPageToken');
      pageToken = typeof next === 'string' ? next : '';
    } while (pageToken !== '');
  }

  /** The entity tag of the media is another than that of a listing: so it is read first, and its generation downloaded. */
  async fetch(key: string, signal: AbortSignal): Promise<FetchedObject | undefined> {
    for (let attempt = 0; ; attempt++) {
      const about = await this.#ask(`/o/${uriEncode(key)}`, { fields: 'etag,generation' }, signal);
      if (about.status === 404) {
        await discard(about);
        return undefined;
      }
      if (about.status !== 200) throw await refusal(about, signal);
      const found = parseJson(await readBody(about, mostPageBytes, signal));
      const generation = String(field(found, 'generation') ?? '');
      const answer = await this.#ask(`/o/${uriEncode(key)}`, { alt: 'media', generation }, signal);
      if (answer.status === 200) {
        const etag = String(field(found, 'etag') ?? '');
        return { etag, content: bodyBytes(answer, mostObjectBytes, signal) };
      }
      // Replaced between the two requests: what is there now is asked for once more.
      if (answer.status !== 404 || attempt === 2) throw await refusal(answer, signal);
      await discard(answer);
    }
  }

  async #ask(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    const { dispatcher, key } = this.#options;
    this.#token ??= await fetchToken(key, { dispatcher, signal });
    const url = new URL(`${this.#base.href}${path}`);
    url.search = new URLSearchParams(query).toString();
    return send(url, { authorization: `Bearer ${this.#token}`, dispatcher, signal, mostRedirects: 0 });
  }
}

/** Trades a self-signed statement for a token (RFC 7523). */
async function fetchToken(key: GcsKey, reach: Pick<SendOptions, 'dispatcher' | 'signal'>): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: signAssertion(key, new Date()),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await send(new URL(key.tokenUrl), { ...reach, method: 'POST', headers, body: body.toString() });
  if (answer.status !== 200) {
    await discard(answer);
    throw new BucketError(`cannot get a token for the service account: unexpected status code ${answer.status}`);
  }
  const token = field(parseJson(await readBody(answer, 1024 * 1024, reach.signal)), 'access_token');
  if (typeof token !== 'string' || token === '')
    throw new BucketError('cannot get a token for the service account: the answer has none');
  return token;
}

export function signAssertion(key: GcsKey, now: Date): string {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const claims = { iss: key.email, scope, aud: key.tokenUrl, iat: issuedAt, exp: issuedAt + tokenLifeSeconds };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  try {
    return `${text}.${createSign('RSA-SHA256').update(text).sign(key.privateKey, 'base64url')}`;
  } catch {
    // The library's text may quote the key.
    throw new BucketError('the private key of the service account cannot be read');
  }
}

function listed(item: unknown): ListedObject {
  return {
    key: String(field(item, 'name') ?? ''),
    etag: String(field(item, 'etag') ?? ''),
    sizeBytes: Number(field(item, 'size') ?? 0),
  };
}

async function refusal(answer: Answer, signal: AbortSignal): Promise<BucketError> {
  const message = field(field(parseJson(Buffer.from(await readShort(answer, signal))), 'error'), 'message');
  return new BucketError(
    typeof message === 'string' ? message.slice(0, 512) : `unexpected status code ${answer.status}`,
  );
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
