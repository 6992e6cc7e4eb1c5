import type { Event } from '../event/event.ts';
import type { HttpClient } from './http.ts';

/** A Provider with its Secrets read. */
export interface ProviderSettings {
  readonly type: string;
  readonly address: string;
  readonly channel: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
  /** The token as it is in the Secret: a key of an HMAC need not be text. */
  readonly tokenBytes: Buffer;
  /** Of the Secret's `headers`. */
  readonly headers: Readonly<Record<string, string>>;
  /** UID of the Provider: makes commit status contexts of several clusters differ. */
  readonly uid: string;
  /** What `commitStatusExpr` gave for the event; undefined: the id is of the default form. */
  readonly statusId?: string | undefined;
}

/** Delivers one event to one place. */
export interface Notifier {
  /** @param event with its final metadata, keys without prefix. @throws Error whose text names no secret */
  post(event: Event, signal: AbortSignal): Promise<void>;
}

export type NotifierFactory = (settings: ProviderSettings, http: HttpClient) => Notifier;

/** A setting that the type needs and the Provider lacks. */
export class ProviderConfigError extends Error {
  override readonly name = 'ProviderConfigError';
}

/** @throws ProviderConfigError unless the address is an http(s) URL; the text does not show it */
export function requireUrl(type: string, address: string): URL {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ProviderConfigError(`invalid ${type} address: expected an http or https URL`);
  return url;
}

/** Posts JSON; every provider's failure reads the same. */
export async function postJson(
  http: HttpClient,
  url: URL | string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  try {
    const answer = await http.send(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body,
      signal,
    });
    return answer.body;
  } catch (error) {
    throw new Error(`postMessage failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
