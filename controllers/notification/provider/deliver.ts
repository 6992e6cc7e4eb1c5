import { deadline } from '#concurrency';
import { type Alert, type Provider, parseGoDuration, unsupportedFields } from '#crds';
import type { KubeClient } from '#kube';
import type { Event } from '../event/event.ts';
import { customStatusId } from './commit-status-expr.ts';
import type { Connections } from './connections.ts';
import { httpClient } from './http.ts';
import { maskSecrets, secretTexts } from './mask.ts';
import { notifiers } from './notifiers.ts';
import type { TokenCache } from './token-cache.ts';
import { providerSettings, type ReadProvider, readProviderSecrets } from './settings.ts';

/** Bound of one delivery where the Provider names none. */
const defaultTimeoutMs = 15_000;

/** A notification that was set up and did not get through. */
export class SendError extends Error {
  override readonly name = 'SendError';
}

/** What deliveries travel by. */
export interface Carrier {
  readonly client: KubeClient;
  readonly connections: Connections;
  readonly tokens: TokenCache;
  /** Of the process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Sends one event, its metadata final, within the Provider's timeout.
 * @throws SendError when it did not get through, Error when it could not be set up; no text shows a secret
 */
export async function deliver(
  provider: Provider,
  alert: Alert,
  event: Event,
  { client, connections, tokens, environment }: Carrier,
): Promise<void> {
  const { type, timeout } = provider.spec;
  const timeoutMs = timeout === undefined ? defaultTimeoutMs : parseGoDuration(timeout);
  using limit = deadline(timeoutMs, undefined, 'context deadline exceeded');
  const failed = (why: string): Error =>
    new Error(`failed to initialize notifier for provider '${provider.metadata.name}': ${why}`);
  const factory = notifiers.get(type);
  const later = unsupportedFields(provider);
  if (factory === undefined || later.length > 0)
    throw failed(`not supported yet: ${later.join(', ')} (type is '${type}')`);
  let read: ReadProvider;
  try {
    read = providerSettings(provider, await readProviderSecrets(client, provider, limit.signal));
  } catch (error) {
    throw failed(messageOf(error));
  }
  const { settings, http } = read;
  let { secrets } = read;
  const hide = (secret: string): void => {
    secrets = secretTexts([...secrets, secret]);
  };
  const mask = (text: string): string => maskSecrets(text, secrets);
  const { namespace = '', name, uid = '' } = alert.metadata;
  let isSetUp = false;
  try {
    await using sender = httpClient(http, connections, mask);
    const notifier = factory(
      {
        ...settings,
        statusId: customStatusId(event, provider, alert),
        alert: { namespace, name, uid },
        tokens,
        environment,
        hide,
      },
      sender,
    );
    isSetUp = true;
    await notifier.post(event, limit.signal);
  } catch (error) {
    const why = mask(messageOf(error));
    throw isSetUp ? new SendError(why) : failed(why);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
