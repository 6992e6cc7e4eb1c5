import { createHash } from 'node:crypto';
import type { Event } from '../event/event.ts';
import { type Notifier, type NotifierFactory, postJson, required, requireUrl } from './notifier.ts';

/** The same for everything of one object that has one reason, so that Opsgenie counts instead of opening another alert. */
function alias({ involvedObject: { uid = '', kind, namespace, name }, reason }: Event): string {
  return createHash('sha256').update([uid, kind, namespace, name, reason].join('/')).digest('hex');
}

export const opsgenie: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('opsgenie', settings.address);
  const headers = { Authorization: `GenieKey ${required('opsgenie', 'token', settings.token)}` };
  return {
    async post(event, signal) {
      const { kind, name } = event.involvedObject;
      const body = {
        message: `${kind}/${name}`,
        alias: alias(event),
        description: event.message,
        details: { ...event.metadata, severity: event.severity },
      };
      await postJson(http, url, JSON.stringify(body), headers, signal);
    },
  };
};
