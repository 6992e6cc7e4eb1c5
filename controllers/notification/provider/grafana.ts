import { type Event, objectTitle, sortedMetadata, unixSeconds } from '../event/event.ts';
import { bearerOrBasic, type Notifier, type NotifierFactory, postJson, requireUrl } from './notifier.ts';

/** Grafana takes a colon for the end of a tag's name. */
function withoutColons(text: string): string {
  return text.replaceAll(':', '|');
}

function annotation(event: Event): object {
  const { kind, name, namespace } = event.involvedObject;
  const seconds = unixSeconds(event);
  return {
    ...(seconds === undefined ? {} : { when: seconds }),
    text: objectTitle(event),
    tags: [
      'flux',
      event.reportingController,
      ...sortedMetadata(event).map(([key, value]) => `${withoutColons(key)}: ${withoutColons(value)}`),
      `kind: ${kind}`,
      `name: ${name}`,
      `namespace: ${namespace}`,
    ],
  };
}

/** An annotation: a line in the panels of a dashboard that looks for its tags. */
export const grafana: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('grafana', settings.address);
  const headers = bearerOrBasic(settings);
  return {
    async post(event, signal) {
      await postJson(http, url, JSON.stringify(annotation(event)), headers, signal);
    },
  };
};
