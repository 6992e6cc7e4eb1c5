import { type Answer, bodyBytes, discard, headerOf, readBody, readShort, send, type SendOptions } from '#http';
import {
  type BucketClient,
  BucketError,
  type FetchedObject,
  type ListedObject,
  mostObjectBytes,
  mostPageBytes,
  unquoted,
} from './bucket-client.ts';
import { encodeKey, type S3Keys, signS3, uriEncode } from './sign-s3.ts';
import { elements, elementText } from './xml.ts';

export interface S3Options {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string | undefined;
  readonly insecure: boolean;
  /** Absent: asked anonymously. */
  readonly keys: S3Keys | undefined;
  readonly dispatcher: SendOptions['dispatcher'];
}

const defaultRegion = 'us-east-1';

/** A bucket of anything that speaks S3. */
export class S3Client implements BucketClient {
  readonly #options: S3Options;
  readonly #base: URL;
  #region: string;

  /** @throws BucketError when the endpoint is no host */
  constructor(options: S3Options) {
    this.#options = options;
    this.#base = baseOf(options);
    this.#region = options.region === undefined || options.region === '' ? defaultRegion : options.region;
  }

  async exists(signal: AbortSignal): Promise<boolean> {
    let answer = await this.#ask('HEAD', this.#base, signal);
    const region = headerOf(answer, 'x-amz-bucket-region');
    await discard(answer);
    if (answer.status !== 200 && region !== undefined && region !== this.#region) {
      this.#region = region;
      answer = await this.#ask('HEAD', this.#base, signal);
      await discard(answer);
    }
    if (answer.status === 404) return false;
    if (answer.status === 200) return true;
    throw new BucketError(answer.status === 403 ? 'Access Denied.' : `unexpected status code ${answer.status}`);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<ListedObject> {
    let token: string | undefined;
    do {
      const query = new Map([
        ['encoding-type', 'url'],
        ['list-type', '2'],
        ['prefix', prefix],
        ...(token === undefined ? [] : [['continuation-token', token] as const]),
      ]);
      const answer = await this.#ask('GET', withQuery(this.#base, query), signal);
      if (answer.status !== 200) throw await refusal(answer, signal);
      const xml = (await readBody(answer, mostPageBytes, signal)).toString('utf8');
      const isEncoded = elementText(xml, 'EncodingType') === 'url';
      for (const entry of elements(xml, 'Contents')) yield listed(entry, isEncoded);
      token = elementText(xml, 'IsTruncated') === 'true' ? elementText(xml, 'NextContinuationToken') : undefined;
    } while (token !== undefined && token !== '');
  }

  async fetch(key: string, signal: AbortSignal): Promise<FetchedObject | undefined> {
    const url = new URL(this.#base);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${encodeKey(key)}`;
    const answer = await this.#ask('GET', url, signal);
    if (answer.status === 404) {
      await discard(answer);
      return undefined;
    }
    if (answer.status !== 200) throw await refusal(answer, signal);
    return { etag: unquoted(headerOf(answer, 'etag')), content: bodyBytes(answer, mostObjectBytes, signal) };
  }

  #ask(method: 'GET' | 'HEAD', url: URL, signal: AbortSignal): Promise<Answer> {
    const { keys, dispatcher } = this.#options;
    const { authorization, ...headers } = keys === undefined ? {} : signS3(method, url, keys, this.#region, new Date());
    // A signature is for one host and path: a redirect is an answer, not a way.
    return send(url, { method, headers, authorization, dispatcher, signal, mostRedirects: 0 });
  }
}

/** Path style, but for Amazon's own hosts, which want the bucket in the name. */
function baseOf({ endpoint, bucket, insecure }: S3Options): URL {
  let url: URL;
  try {
    url = new URL(`${insecure ? 'http' : 'https'}://${endpoint}`);
  } catch (error) {
    throw new BucketError(`endpoint "${endpoint}" is no host`, { cause: error });
  }
  if (url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new BucketError(`endpoint "${endpoint}" is no host`);
  }
  const isAmazon = /(?:^|\.)s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?$/.test(url.hostname);
  if (isAmazon && /^[a-z0-9-]+$/.test(bucket)) url.hostname = `${bucket}.${url.hostname}`;
  else url.pathname = `/${uriEncode(bucket)}/`;
  return url;
}

function withQuery(base: URL, query: ReadonlyMap<string, string>): URL {
  const url = new URL(base);
  url.search = [...query].map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`).join('&');
  return url;
}

function listed(entry: string, isEncoded: boolean): ListedObject {
  const text = (name: string): string => elementText(entry, name) ?? '';
  const key = isEncoded ? decodeURIComponent(text('Key').replaceAll('+', ' ')) : text('Key');
  return { key, etag: unquoted(text('ETag')), sizeBytes: Number(text('Size')) };
}

async function refusal(answer: Answer, signal: AbortSignal): Promise<BucketError> {
  const message = elementText(await readShort(answer, signal), 'Message');
  return new BucketError(message === undefined ? `unexpected status code ${answer.status}` : message.slice(0, 512));
}
