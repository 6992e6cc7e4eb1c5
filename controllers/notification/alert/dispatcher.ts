import { type Alert, asProvider, type EventSource, type Provider, provider as providerKind } from '#crds';
import { isNotFound, type KubeClient, type RestMapper, type WatchCache } from '#kube';
import type { Logger } from '#runtime';
import { type Event, objectPath } from '../event/event.ts';
import { encodeEvent } from '../event/event-json.ts';
import { type Carrier, deliver, SendError } from '../provider/deliver.ts';
import { isCommitStatusType, takesEvent } from '../provider/provider-types.ts';
import { resolveTarget } from '../target-kinds.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import { matchingSources, matchLabels, matchMessage, Patterns } from './match.ts';
import { finalMetadata } from './metadata.ts';
import type { Trouble, Troubles } from './troubles.ts';

export interface DispatcherDeps {
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly alerts: Pick<WatchCache<Alert>, 'list'>;
  readonly providers: Pick<WatchCache<Provider>, 'get'>;
  readonly carrier: Carrier;
  readonly log: Logger;
  readonly queue: Pick<DeliveryQueue, 'add'>;
  readonly troubles: Pick<Troubles, 'report'>;
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
    let bytes: number | undefined;
    for (const alert of this.#deps.alerts.list()) {
      const sources = matchingSources(alert, event);
      if (sources.length === 0) continue;
      const { matches, problems } = matchMessage(alert, event.message, this.#patterns);
      this.#invalid(alert, problems);
      if (!matches) continue;
      bytes ??= Buffer.byteLength(encodeEvent(event)) + 512;
      this.#deps.queue.add({
        line: `${alert.metadata.namespace}/${alert.spec.providerRef.name}`,
        subject: objectPath(event),
        bytes,
        run: () => this.#deliver(alert, sources, event),
        drop: (why) => this.#failed(alert, event, 'failed to dispatch notification', why),
      });
    }
  }

  async #deliver(alert: Alert, sources: readonly EventSource[], event: Event): Promise<void> {
    try {
      if (await this.#labelsMatch(alert, sources, event)) await this.#send(alert, event);
    } catch (error) {
      const what = error instanceof SendError ? 'failed to send notification' : 'failed to dispatch notification';
      this.#failed(alert, event, what, messageOf(error));
    }
  }

  /** Labels are compared with the live object; one that cannot be read does not match (spec 5.3). */
  async #labelsMatch(alert: Alert, sources: readonly EventSource[], event: Event): Promise<boolean> {
    if (sources.some((source) => source.matchLabels === undefined)) return true;
    const { apiVersion, kind, namespace, name } = event.involvedObject;
    try {
      const resource = await resolveTarget(this.#deps.mapper, kind, apiVersion);
      const live = await this.#deps.client.get(resource, { namespace, name }, { metadataOnly: true });
      const { matches, problems } = matchLabels(sources, live.metadata.labels);
      this.#invalid(alert, problems);
      return matches;
    } catch (error) {
      const cause = messageOf(error);
      const message = `error getting source from ${objectPath(event)}: ${cause}`;
      this.#report(alert, { reason: 'SourceFetchFailed', message, cause });
      return false;
    }
  }

  async #send(alert: Alert, event: Event): Promise<void> {
    const namespace = alert.metadata.namespace ?? '';
    if (!this.#deps.allowCrossNamespace && event.involvedObject.namespace !== namespace) {
      throw new Error(
        `alert '${namespace}/${alert.metadata.name}' can't process event from '${objectPath(event)}', cross-namespace references have been blocked`,
      );
    }
    const provider = await this.#provider(namespace, alert.spec.providerRef.name);
    const { type, suspend } = provider.spec;
    if (suspend === true) return;
    if (!takesEvent(type, event)) {
      const log = this.#deps.log.child({ Alert: { name: alert.metadata.name, namespace } });
      const text = `event about ${objectPath(event)} is not for a provider of type ${type}`;
      if (isCommitStatusType(type)) log.info(text);
      else log.debug(text);
      return;
    }
    await deliver(provider, alert, this.#withMetadata(alert, event), this.#deps.carrier);
  }

  /** From the watch; what it does not know may have been created a moment ago. */
  async #provider(namespace: string, name: string): Promise<Provider> {
    const known = this.#deps.providers.get({ namespace, name });
    if (known !== undefined) return known;
    try {
      return asProvider(await this.#deps.client.get(providerKind, { namespace, name }));
    } catch (error) {
      const why = isNotFound(error) ? `Provider.notification.toolkit.fluxcd.io "${name}" not found` : messageOf(error);
      throw new Error(`failed to read provider: ${why}`, { cause: error });
    }
  }

  #withMetadata(alert: Alert, event: Event): Event {
    const { metadata, clashes } = finalMetadata(alert, event);
    if (clashes.size > 0) {
      this.#report(alert, {
        reason: 'MetadataAppendFailed',
        message:
          'metadata key conflicts detected (please refer to the Alert API docs and Flux RFC 0008 for more information)',
        cause: [...clashes.keys()].toSorted().join(),
        annotations: Object.fromEntries([...clashes].map(([key, origins]) => [key, origins.join(', ')])),
      });
    }
    return { ...event, metadata };
  }

  #invalid(alert: Alert, problems: readonly string[]): void {
    for (const problem of problems) this.#report(alert, { reason: 'InvalidConfig', message: problem, cause: problem });
  }

  #failed(alert: Alert, event: Event, what: string, cause: string): void {
    const message = `${what} for ${objectPath(event)}: ${cause}`;
    this.#report(alert, { reason: 'NotificationDispatchFailed', message, cause: this.#withoutObject(cause, event) });
  }

  /** Some causes name the object or its commit; the trouble is the same for the next object. */
  #withoutObject(cause: string, event: Event): string {
    return cause.replaceAll(objectPath(event), '').replaceAll(/[0-9a-f]{40}/g, '');
  }

  #report(alert: Alert, trouble: Trouble): void {
    this.#deps.troubles.report(alert, trouble);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
