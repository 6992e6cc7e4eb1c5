import type { Event } from '../event/event.ts';
import { bearerOrBasic, type Notifier, type NotifierFactory, postJson, requireUrl } from './notifier.ts';

/** Go's zero time: no end is known. */
const noTime = '0001-01-01T00:00:00Z';

function alertOf(event: Event): object {
  const { summary, ...metadata } = event.metadata ?? {};
  const { kind, name, namespace } = event.involvedObject;
  const labels = {
    ...metadata,
    alertname: `Flux${kind}${event.reason}`,
    severity: event.severity,
    reason: event.reason,
    kind,
    name,
    namespace,
    reportingcontroller: event.reportingController,
  };
  return {
    status: 'firing',
    labels,
    annotations: { message: event.message, ...(summary === undefined ? {} : { summary }) },
    startsAt: event.timestamp === '' ? noTime : event.timestamp,
    endsAt: noTime,
  };
}

/** An alert for Prometheus's Alertmanager. It is firing whatever the event is: severity is a label. */
export const alertmanager: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('alertmanager', settings.address);
  const headers = bearerOrBasic(settings);
  return {
    async post(event, signal) {
      await postJson(http, url, JSON.stringify([alertOf(event)]), headers, signal);
    },
  };
};
