import { encodeEvent } from '../event/event-json.ts';
import { googleIdentity } from './google-identity.ts';
import { type Notifier, type NotifierFactory, postJson, required } from './notifier.ts';

/** The event as JSON to a topic; the headers of the Secret are the attributes of the message. */
export const googlepubsub: NotifierFactory = (settings, http): Notifier => {
  const project = encodeURIComponent(required('googlepubsub', 'address', settings.address));
  const topic = encodeURIComponent(required('googlepubsub', 'channel', settings.channel));
  const url = `https://pubsub.googleapis.com/v1/projects/${project}/topics/${topic}:publish`;
  const identity = googleIdentity(settings, 'https://www.googleapis.com/auth/pubsub');
  return {
    async post(event, signal) {
      const data = Buffer.from(encodeEvent(event)).toString('base64');
      const attributes = Object.keys(settings.headers).length === 0 ? {} : { attributes: settings.headers };
      const headers = { Authorization: `Bearer ${await identity(http, signal)}` };
      await postJson(http, url, JSON.stringify({ messages: [{ data, ...attributes }] }), headers, signal);
    },
  };
};
