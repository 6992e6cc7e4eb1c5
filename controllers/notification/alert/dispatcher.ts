import { deadline } from '#concurrency';
import {
  type Alert,
  asProvider,
  type EventSource,
  type Provider,
  parseGoDuration,
  provider as providerKind,
  unsupportedFields,
} from '#crds';
import { isNotFound, type KubeClient, type RestMapper, type WatchCache } from '#kube';
import type { EventDraft, Logger } from '#runtime';
import type { Event } from '../event/event.ts';
import { httpClient } from '../provider/http.ts';
import { notifiers } from '../provider/notifiers.ts';
import { maskSecrets, readProvider } from '../provider/secrets.ts';
import { resolveTarget } from '../target-kinds.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import { matchesLabels, matchesSeverity, matchesSource, matchMessage, Patterns, takesEvent } from './match.ts';
import { finalMetadata } from './metadata.ts';

/** Bound of one delivery where the Provider names none. */
const defaultTimeoutMs = 15_000;

export interface DispatcherDeps {
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly alerts: Pick<WatchCache<Alert>, 'list'>;
  readonly log: Logger;
  readonly queue: DeliveryQueue;
  readonly recordEvent: (alert: Alert, draft: EventDraft) => void;
  readonly allowCrossNamespace: boolean;
}

/** Brings an event to the Providers of all Alerts that it matches. What fails is told on the Alert. */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #patterns: Patterns = new Patterns();

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  /** Starts the deliveries and returns at once. */
  dispatch(event: Event): void {
    for (const alert of this.#deps.alerts.list()) {
      if (alert.spec.suspend === true || !matchesSeverity(alert, event)) continue;
      const sources = alert.spec.eventSources.filter((source) =>
        matchesSource(source, alert.metadata.namespace ?? '', event),
      );
      if (sources.length === 0) continue;
      const queued = this.#deps.queue.add(`${alert.metadata.namespace}/${alert.spec.providerRef.name}`, () =>
        this.#deliver(alert, sources, event),
      );
      if (!queued)
        this.#warn(
          alert,
          event,
          'NotificationDispatchFailed',
          'failed to dispatch notification',
          'too many notifications wait for the provider',
        );
    }
  }

  async #deliver(alert: Alert, sources: readonly EventSource[], event: Event): Promise<void> {
    try {
      if (!(await this.#labelsMatch(alert, sources, event))) return;
      const { matches, problems } = matchMessage(alert, event.message, this.#patterns);
      for (const problem of problems)
        this.#deps.recordEvent(alert, { type: 'Warning', reason: 'InvalidConfig', message: problem });
      if (matches) await this.#send(alert, event);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const phase = error instanceof SendError ? 'failed to send notification' : 'failed to dispatch notification';
      this.#warn(alert, event, 'NotificationDispatchFailed', phase, message);
    }
  }

  /** Labels are compared with the live object; one that cannot be read does not match (spec 5.3). */
  async #labelsMatch(alert: Alert, sources: readonly EventSource[], event: Event): Promise<boolean> {
    if (sources.some((source) => source.matchLabels === undefined)) return true;
    const { apiVersion = '', kind, namespace, name } = event.involvedObject;
    try {
      const resource = await resolveTarget(this.#deps.mapper, kind, apiVersion);
      const live = await this.#deps.client.get(resource, { namespace, name }, { metadataOnly: true });
      return sources.some((source) => matchesLabels(source.matchLabels ?? {}, live.metadata.labels));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#deps.recordEvent(alert, {
        type: 'Warning',
        reason: 'SourceFetchFailed',
        message: `error fetching source ${kind}/${namespace}/${name}: ${message}`,
      });
      return false;
    }
  }

  async #send(alert: Alert, event: Event): Promise<void> {
    const namespace = alert.metadata.namespace ?? '';
    if (!this.#deps.allowCrossNamespace && event.involvedObject.namespace !== namespace) {
      const { kind, name } = event.involvedObject;
      throw new Error(
        `alert '${namespace}/${alert.metadata.name}' can't process event from '${kind}/${event.involvedObject.namespace}/${name}', cross-namespace references have been blocked`,
      );
    }
    const provider = await this.#provider(namespace, alert.spec.providerRef.name);
    if (provider.spec.suspend === true) return;
    if (!takesEvent(provider.spec.type, event)) {
      this.#deps.log.info(
        { alert: alert.metadata.name, provider: provider.metadata.name },
        'event is not for this type of provider',
      );
      return;
    }
    const timeoutMs = provider.spec.timeout === undefined ? defaultTimeoutMs : parseGoDuration(provider.spec.timeout);
    using limit = deadline(timeoutMs, undefined, 'context deadline exceeded');
    await this.#post(provider, this.#withMetadata(alert, event), limit.signal);
  }

  async #provider(namespace: string, name: string): Promise<Provider> {
    try {
      return asProvider(await this.#deps.client.get(providerKind, { namespace, name }));
    } catch (error) {
      if (isNotFound(error))
        throw new Error(`failed to read provider: Provider.notification.toolkit.fluxcd.io "${name}" not found`, {
          cause: error,
        });
      throw new Error(`failed to read provider: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  async #post(provider: Provider, event: Event, signal: AbortSignal): Promise<void> {
    const later = unsupportedFields(provider);
    const factory = notifiers.get(provider.spec.type);
    if (factory === undefined || later.length > 0) {
      throw new Error(
        `failed to initialize provider '${provider.metadata.name}': ${later.join(', ')} is not supported yet (type is '${provider.spec.type}')`,
      );
    }
    const { settings, http, secrets } = await readProvider(this.#deps.client, provider, signal);
    await using client = httpClient(http);
    const notifier = guard(
      () => factory(settings, client),
      secrets,
      (message) => new Error(`failed to initialize notifier for provider '${provider.metadata.name}': ${message}`),
    );
    try {
      await notifier.post(event, signal);
    } catch (error) {
      throw new SendError(maskSecrets(error instanceof Error ? error.message : String(error), secrets));
    }
  }

  #withMetadata(alert: Alert, event: Event): Event {
    const { metadata, clashes } = finalMetadata(alert, event);
    if (clashes.size > 0) {
      const annotations = Object.fromEntries([...clashes].map(([key, origins]) => [key, origins.join(', ')]));
      const message =
        'metadata key conflicts detected (please refer to the Alert API docs and Flux RFC 0008 for more information)';
      this.#deps.recordEvent(alert, {
        type: 'Warning',
        reason: 'MetadataAppendFailed',
        message,
        metadata: annotations,
      });
    }
    return { ...event, metadata };
  }

  #warn(alert: Alert, event: Event, reason: string, what: string, why: string): void {
    const { kind, namespace, name } = event.involvedObject;
    const message = `${what} for ${kind}/${namespace}/${name}: ${why}`;
    this.#deps.log.error({ error: why, alert: alert.metadata.name, namespace: alert.metadata.namespace }, message);
    this.#deps.recordEvent(alert, { type: 'Warning', reason, message });
  }
}

/** A notification that was set up and did not get through. */
class SendError extends Error {
  override readonly name = 'SendError';
}

function guard<R>(work: () => R, secrets: readonly string[], wrap: (message: string) => Error): R {
  try {
    return work();
  } catch (error) {
    throw wrap(maskSecrets(error instanceof Error ? error.message : String(error), secrets));
  }
}
