import { isError, objectTitle } from '../event/event.ts';
import { type Notifier, type NotifierFactory, postJson, required, requireUrl } from './notifier.ts';

/** An alert event of incident.io: an error fires the alert of its object, anything else resolves it; `Progressing` neither. */
export const incidentio: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('incident.io', settings.address);
  const headers = { Authorization: `Bearer ${required('incident.io', 'token', settings.token)}` };
  return {
    async post(event, signal) {
      if (event.reason === 'Progressing') return;
      const body = {
        title: objectTitle(event),
        status: isError(event) ? 'firing' : 'resolved',
        deduplication_key: event.involvedObject.uid ?? '',
        description: event.message,
        metadata: { ...event.metadata, severity: event.severity, reason: event.reason },
      };
      await postJson(http, url, JSON.stringify(body), headers, signal);
    },
  };
};
