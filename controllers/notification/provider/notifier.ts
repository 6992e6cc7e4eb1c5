import type { Event } from '../event/event.ts';
import type { SecretData } from '../secret.ts';
import type { HttpCall, HttpClient, HttpSettings } from './http.ts';
import type { TokenCache } from './token-cache.ts';

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
  /** The whole of `secretRef`, for keys that one type alone has. */
  readonly secret: SecretData;
  /** For what is no HTTP. */
  readonly connection: HttpSettings;
}

/** The settings of one delivery. */
export interface DeliverySettings extends ProviderSettings {
  /** What `commitStatusExpr` gave for the event; undefined: the id is of the default form. */
  readonly statusId?: string | undefined;
  readonly alert: AlertIdentity;
  readonly tokens: Pick<TokenCache, 'get'>;
  /** Of the process: where clouds put the identity of a workload. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Keeps a text that was made of secrets out of error texts. */
  readonly hide: (secret: string) => void;
}

/** The Alert that an event comes by. */
export interface AlertIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Delivers one event to one place. */
export interface Notifier {
  /** @param event with its final metadata, keys without prefix. @throws Error whose text names no secret */
  post(event: Event, signal: AbortSignal): Promise<void>;
}

/** @throws ProviderConfigError */
export type NotifierFactory = (settings: DeliverySettings, http: HttpClient) => Notifier;

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

/** @throws ProviderConfigError when it is empty */
export function required(type: string, what: string, value: string): string {
  if (value === '') throw new ProviderConfigError(`could not initialize ${type} provider: empty ${what}`);
  return value;
}

/** The value of an `Authorization` header. */
export function basicAuthorization(
  username: string,
  password: string,
  { hide }: Pick<DeliverySettings, 'hide'>,
): string {
  const pair = Buffer.from(`${username}:${password}`).toString('base64');
  hide(pair);
  return `Basic ${pair}`;
}

/** A token as bearer, else username and password as they are, else nothing. */
export function bearerOrBasic(settings: DeliverySettings): Readonly<Record<string, string>> {
  const { token, username, password } = settings;
  if (token !== '') return { Authorization: `Bearer ${token}` };
  return username !== '' && password !== '' ? { Authorization: basicAuthorization(username, password, settings) } : {};
}

export interface PostOptions {
  readonly method?: HttpCall['method'];
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a body; every provider's failure reads the same. @returns the answer */
export async function postBody(
  http: HttpClient,
  url: URL | string,
  body: string,
  signal: AbortSignal,
  { method = 'POST', contentType = 'application/json', headers = {} }: PostOptions = {},
): Promise<string> {
  try {
    const answer = await http.send(url, { method, headers: { 'Content-Type': contentType, ...headers }, body, signal });
    return answer.body;
  } catch (error) {
    throw new Error(`postMessage failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Posts JSON. @returns the answer */
export function postJson(
  http: HttpClient,
  url: URL | string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  return postBody(http, url, body, signal, { headers });
}
