import { createHash } from 'node:crypto';
import { type Event, isError, objectTitle, unixSeconds } from '../event/event.ts';
import { encodeEvent } from '../event/event-json.ts';
import { type Notifier, type NotifierFactory, postBody, ProviderConfigError, requireUrl } from './notifier.ts';

interface Project {
  readonly envelopes: string;
  readonly key: string;
}

/** A DSN: `https://<public key>@<host>/<path>/<project>`. */
function parseDsn(address: string): Project {
  const url = requireUrl('sentry', address);
  const [, path = '', project] = /^(.*)\/([^/]+)\/*$/.exec(url.pathname) ?? [];
  if (url.username === '' || project === undefined)
    throw new ProviderConfigError('invalid sentry address: expected a DSN, https://<key>@<host>/<project>');
  return { envelopes: `${url.origin}${path}/api/${project}/envelope/`, key: decodeURIComponent(url.username) };
}

function summary(event: Event): string {
  return `${event.reason}: ${objectTitle(event)}`;
}

/** https://develop.sentry.dev/sdk/data-model/event-payloads/ */
function errorPayload(event: Event, common: object): object {
  return {
    ...common,
    level: 'error',
    transaction: summary(event),
    message: `${summary(event)}\n${event.message}`,
    extra: event.metadata ?? {},
  };
}

/** A transaction of no length: what Flux tells of a success. */
function transactionPayload(event: Event, common: object, hash: string, seconds: number): object {
  const { kind, name, namespace } = event.involvedObject;
  return {
    ...common,
    type: 'transaction',
    level: 'info',
    transaction: summary(event),
    start_timestamp: seconds,
    contexts: { trace: { trace_id: hash.slice(0, 32), span_id: hash.slice(32, 48), op: 'event', status: 'ok' } },
    tags: {
      flux_involved_object_kind: kind,
      flux_involved_object_name: name,
      flux_involved_object_namespace: namespace,
      flux_reason: event.reason,
      flux_reporting_controller: event.reportingController,
      flux_reporting_instance: event.reportingInstance ?? '',
      ...event.metadata,
    },
    spans: [],
  };
}

/** An issue for an error, a transaction for anything else, in the environment that `channel` names. */
export const sentry: NotifierFactory = (settings, http): Notifier => {
  const { envelopes, key } = parseDsn(settings.address);
  settings.hide(key);
  const headers = { 'X-Sentry-Auth': `Sentry sentry_version=7, sentry_client=sluice/1.0, sentry_key=${key}` };
  return {
    async post(event, signal) {
      // Made of the event: what is sent twice counts once.
      const hash = createHash('sha256').update(encodeEvent(event)).digest('hex');
      const seconds = unixSeconds(event) ?? Math.floor(Date.now() / 1000);
      const common = {
        event_id: hash.slice(0, 32),
        timestamp: seconds,
        platform: 'other',
        server_name: event.reportingController,
        ...(settings.channel === '' ? {} : { environment: settings.channel }),
      };
      const payload = JSON.stringify(
        isError(event) ? errorPayload(event, common) : transactionPayload(event, common, hash, seconds),
      );
      const item = { type: isError(event) ? 'event' : 'transaction', length: Buffer.byteLength(payload) };
      const body = `${JSON.stringify({ event_id: common.event_id })}\n${JSON.stringify(item)}\n${payload}\n`;
      await postBody(http, envelopes, body, signal, { contentType: 'application/x-sentry-envelope', headers });
    },
  };
};
