import { type Event, isError, objectTitle, sortedMetadata, unixSeconds } from '../event/event.ts';
import { type Notifier, type NotifierFactory, postJson, required, requireUrl } from './notifier.ts';

function tags(event: Event): readonly string[] {
  const { kind, name, namespace } = event.involvedObject;
  return [
    `flux_reporting_controller:${event.reportingController}`,
    `flux_reason:${event.reason}`,
    `kube_kind:${kind}`,
    `kube_name:${name}`,
    `kube_namespace:${namespace}`,
    ...sortedMetadata(event).map(([key, value]) => `${key}:${value}`),
  ].map((tag) => tag.toLowerCase());
}

function eventRequest(event: Event): object {
  const seconds = unixSeconds(event);
  return {
    title: objectTitle(event),
    text: event.message,
    tags: tags(event),
    source_type_name: 'fluxcd',
    ...(seconds === undefined ? {} : { date_happened: seconds }),
    alert_type: isError(event) ? 'error' : 'info',
  };
}

/** An event of the v1 API; the address is that of the site, such as `https://api.datadoghq.com`. */
export const datadog: NotifierFactory = (settings, http): Notifier => {
  const { origin } = requireUrl('datadog', settings.address);
  const headers = { 'DD-API-KEY': required('datadog', 'token', settings.token) };
  return {
    async post(event, signal) {
      await postJson(http, `${origin}/api/v1/events`, JSON.stringify(eventRequest(event)), headers, signal);
    },
  };
};
