import { createHash } from 'node:crypto';
import { type Event, isError, objectPath, sortedMetadata, unixSeconds } from '../event/event.ts';
import { encodeEvent } from '../event/event-json.ts';
import {
  type AlertIdentity,
  bearerOrBasic,
  type Notifier,
  type NotifierFactory,
  postJson,
  requireUrl,
} from './notifier.ts';

/** Kinds that begin a trace; what is made of them follows in it. */
const sourceKinds: ReadonlySet<string> = new Set(['GitRepository', 'HelmChart', 'OCIRepository', 'Bucket']);

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

function attribute(key: string, stringValue: string): Attribute {
  return { key, value: { stringValue } };
}

/** OTLP's JSON of one span: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
function trace(event: Event, alert: AlertIdentity): object {
  const { kind, name, namespace, uid = '' } = event.involvedObject;
  // Everything of one revision that comes by one Alert is one trace.
  const revision = event.metadata?.['revision'] ?? '';
  const hash = createHash('sha256').update(`${alert.uid}:${revision}`).digest('hex');
  const own = createHash('sha256').update(encodeEvent(event)).digest('hex').slice(0, 16);
  const root = hash.slice(32, 48);
  const isRoot = sourceKinds.has(kind);
  const time = `${unixSeconds(event) ?? Math.floor(Date.now() / 1000)}000000000`;
  const span = {
    traceId: hash.slice(0, 32),
    spanId: isRoot ? root : own,
    ...(isRoot ? {} : { parentSpanId: root }),
    name: objectPath(event),
    kind: 1,
    startTimeUnixNano: time,
    endTimeUnixNano: time,
    attributes: [
      attribute('object.kind', kind),
      attribute('object.name', name),
      attribute('object.namespace', namespace),
      attribute('object.uid', uid),
      attribute('event.reason', event.reason),
      attribute('event.severity', event.severity),
      attribute('event.message', event.message),
      attribute('event.reporting_controller', event.reportingController),
      ...sortedMetadata(event).map(([key, value]) => attribute(key, value)),
    ],
    status: isError(event) ? { code: 2, message: event.message } : { code: 1 },
  };
  const service = [attribute('service.name', alert.name), attribute('service.namespace', alert.namespace)];
  const scope = { name: 'notification-controller' };
  return { resourceSpans: [{ resource: { attributes: service }, scopeSpans: [{ scope, spans: [span] }] }] };
}

/** A span for each event, to a collector that takes OTLP over HTTP. HelmRepositories begin nothing that is traced. */
export const otel: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('otel', settings.address);
  if (url.pathname === '/') url.pathname = '/v1/traces';
  const headers = { ...bearerOrBasic(settings), ...settings.headers };
  return {
    async post(event, signal) {
      if (event.involvedObject.kind === 'HelmRepository') return;
      await postJson(http, url, JSON.stringify(trace(event, settings.alert)), headers, signal);
    },
  };
};
