import type { Authenticator, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeEvent } from '../event/event-json.ts';
import { retryDelayMs } from './http-attempt.ts';
import {
  type DeliverySettings,
  type Notifier,
  type NotifierFactory,
  ProviderConfigError,
  required,
} from './notifier.ts';

type Library = typeof import('@nats-io/transport-node');

/** As many tries as with HTTP. */
const maxRetries = 4;
/** Bound of one try, in milliseconds. */
const connectMs = 5000;

interface Servers {
  /** `host:port`. */
  readonly servers: string[];
  readonly isTls: boolean;
  readonly username: string;
  readonly password: string;
}

/** `nats://` or `tls://` URLs, several with commas between; the first may bring a user. */
function parseAddress(address: string): Servers {
  const urls = required('nats', 'address', address)
    .split(',')
    .map((part) => URL.parse(part.includes('://') ? part.trim() : `nats://${part.trim()}`));
  const valid = urls.filter((url) => url !== null && /^(nats|tls):$/.test(url.protocol) && url.hostname !== '');
  const [first] = valid;
  if (!first || valid.length < urls.length)
    throw new ProviderConfigError('invalid nats address: expected nats://host:port or tls://host:port');
  return {
    servers: valid.map((url) => `${url?.hostname}:${url?.port || 4222}`),
    isTls: valid.some((url) => url?.protocol === 'tls:'),
    username: decodeURIComponent(first.username),
    password: decodeURIComponent(first.password),
  };
}

/** Credentials before an nkey before a user (spec section 6, 20). */
function authenticatorOf(settings: DeliverySettings, address: Servers, library: Library): Authenticator | undefined {
  const { secret } = settings;
  const creds = secret.get('creds');
  if (creds !== undefined && creds.length > 0) return library.credsAuthenticator(creds);
  const seed = secret.get('nkey')?.toString('utf8').trim() ?? '';
  if (seed !== '') return library.nkeyAuthenticator(new TextEncoder().encode(seed));
  const { username, password } = settings.username === '' ? address : settings;
  return username === '' ? undefined : library.usernamePasswordAuthenticator(username, password);
}

/** The event as JSON to a subject, over a connection that lasts for this one delivery. */
export const nats: NotifierFactory = (settings): Notifier => {
  const address = parseAddress(settings.address);
  const subject = required('nats', 'channel', settings.channel);
  const { ca, certificate } = settings.connection;
  const isTls = address.isTls || ca !== undefined || certificate !== undefined;
  return {
    async post(event, signal) {
      const library = await import('@nats-io/transport-node'); // the only type that needs it
      const authenticator = authenticatorOf(settings, address, library);
      const connection = await open(library, signal, {
        servers: address.servers,
        name: 'notification-controller',
        reconnect: false,
        timeout: connectMs,
        ...(isTls ? { tls: { ...(ca === undefined ? {} : { ca }), ...certificate } } : {}),
        ...(authenticator === undefined ? {} : { authenticator }),
      });
      await publish(connection, subject, encodeEvent(event), signal);
    },
  };
};

/** Tried again like a request over HTTP; not when the server knows us and says no. */
async function open(library: Library, signal: AbortSignal, options: NodeConnectionOptions): Promise<NatsConnection> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await openOnce(library, signal, options);
    } catch (error) {
      const isLasting =
        error instanceof library.AuthorizationError || error instanceof library.UserAuthenticationExpiredError;
      if (signal.aborted || isLasting || attempt >= maxRetries)
        throw new Error(`failed to connect to the nats server: ${messageOf(error)}`, { cause: error });
      const delay = retryDelayMs(attempt, { error: error instanceof Error ? error : new Error(String(error)) }, 0);
      if (await isCutShort(delay, signal)) {
        const why = `context deadline exceeded (last attempt: ${messageOf(error)})`;
        throw new Error(`failed to connect to the nats server: ${why}`, { cause: error });
      }
    }
  }
}

async function isCutShort(delay: number, signal: AbortSignal): Promise<boolean> {
  await sleep(delay, undefined, { signal }).catch(() => undefined);
  return signal.aborted;
}

/** Connecting cannot be called off: what comes too late is closed. */
async function openOnce(
  library: Library,
  signal: AbortSignal,
  options: NodeConnectionOptions,
): Promise<NatsConnection> {
  const connecting = library.connect(options);
  try {
    return await orAborted(connecting, signal);
  } catch (error) {
    connecting.then((late) => late.close()).catch(() => undefined);
    throw error;
  }
}

async function publish(
  connection: NatsConnection,
  subject: string,
  payload: string,
  signal: AbortSignal,
): Promise<void> {
  let refusal: unknown;
  const watching = (async () => {
    // A publisher learns that it may not only so: the server answers a publish with nothing, or with an error.
    for await (const status of connection.status()) if (status.type === 'error') refusal ??= status.error;
  })();
  try {
    connection.publish(subject, payload);
    await orAborted(connection.flush(), signal);
  } catch (error) {
    refusal ??= error;
  } finally {
    await connection.close();
    await watching;
  }
  if (refusal !== undefined) throw new Error(`failed to publish to the nats subject: ${messageOf(refusal)}`);
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(new Error('context deadline exceeded'));
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
