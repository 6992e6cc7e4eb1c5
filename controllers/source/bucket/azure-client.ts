import { createHmac } from 'node:crypto';
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
import { encodeKey, uriEncode } from './sign-s3.ts';
import { elements, elementText } from './xml.ts';

export type AzureKey =
  | { readonly kind: 'accountKey'; readonly account: string; readonly key: string }
  /** Query parameters that are the permission themselves. */
  | { readonly kind: 'sas'; readonly query: string };

export interface AzureOptions {
  /** `https://<account>.blob.core.windows.net`. */
  readonly endpoint: string;
  readonly container: string;
  readonly key: AzureKey;
  readonly dispatcher: SendOptions['dispatcher'];
}

const apiVersion = '2021-08-06';

/** A container of Azure Blob Storage, through its REST interface. */
export class AzureClient implements BucketClient {
  readonly #options: AzureOptions;
  readonly #base: URL;

  /** @throws BucketError when the endpoint is no URL */
  constructor(options: AzureOptions) {
    this.#options = options;
    try {
      this.#base = new URL(options.endpoint);
    } catch (error) {
      throw new BucketError(`endpoint "${options.endpoint}" is no URL`, { cause: error });
    }
    this.#base.pathname = `${this.#base.pathname.replace(/\/+$/, '')}/${uriEncode(options.container)}`;
  }

  /** A listing of one tells it: permission to read the properties of the container is rarely given. */
  async exists(signal: AbortSignal): Promise<boolean> {
    const answer = await this.#ask(this.#base, { restype: 'container', comp: 'list', maxresults: '1' }, signal);
    if (answer.status === 404) {
      await discard(answer);
      return false;
    }
    if (answer.status !== 200) throw await refusal(answer, signal);
    await discard(answer);
    return true;
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<ListedObject> {
    let marker = '';
    do {
      const query = {
        restype: 'container',
        comp: 'list',
        ...(prefix !== '' && { prefix }),
        ...(marker !== '' && { marker }),
      };
      const answer = await this.#ask(this.#base, query, signal);
      if (answer.status !== 200) throw await refusal(answer, signal);
      const xml = (await readBody(answer, mostPageBytes, signal)).toString('utf8');
      for (const entry of elements(xml, 'Blob')) {
        const text = (name: string): string => elementText(entry, name) ?? '';
        yield { key: text('Name'), etag: unquoted(text('Etag')), sizeBytes: Number(text('Content-Length')) };
      }
      marker = elementText(xml, 'NextMarker') ?? '';
    } while (marker !== '');
  }

  async fetch(key: string, signal: AbortSignal): Promise<FetchedObject | undefined> {
    const url = new URL(this.#base);
    url.pathname = `${url.pathname}/${encodeKey(key)}`;
    const answer = await this.#ask(url, {}, signal);
    if (answer.status === 404) {
      await discard(answer);
      return undefined;
    }
    if (answer.status !== 200) throw await refusal(answer, signal);
    return { etag: unquoted(headerOf(answer, 'etag')), content: bodyBytes(answer, mostObjectBytes, signal) };
  }

  #ask(url: URL, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    const { key, dispatcher } = this.#options;
    const target = new URL(url);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
    if (key.kind === 'sas') {
      for (const [name, value] of new URLSearchParams(key.query)) target.searchParams.set(name, value);
    }
    const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': apiVersion };
    const authorization = key.kind === 'sas' ? undefined : signAzure(target, headers, key);
    return send(target, { headers, authorization, dispatcher, signal, mostRedirects: 0 });
  }
}

/** The `authorization` of a GET (Azure's Shared Key). */
export function signAzure(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { account, key }: Extract<AzureKey, { kind: 'accountKey' }>,
): string {
  const ownHeaders = Object.entries(headers)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`);
  const query = [...url.searchParams]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `\n${name.toLowerCase()}:${value}`);
  const text = `GET${'\n'.repeat(12)}${ownHeaders.join('')}/${account}${url.pathname}${query.join('')}`;
  return `SharedKey ${account}:${createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest('base64')}`;
}

async function refusal(answer: Answer, signal: AbortSignal): Promise<BucketError> {
  const message = elementText(await readShort(answer, signal), 'Message');
  const first = message?.split('\n')[0] ?? '';
  return new BucketError(first === '' ? `unexpected status code ${answer.status}` : first.slice(0, 512));
}
