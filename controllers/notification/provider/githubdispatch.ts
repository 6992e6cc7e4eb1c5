import { encodeEvent } from '../event/event-json.ts';
import { openGitHub } from './github-api.ts';
import { type Notifier, type NotifierFactory, postJson } from './notifier.ts';

/** A `repository_dispatch`, which starts the workflows of the repository that wait for its type. */
export const githubdispatch: NotifierFactory = (settings, http): Notifier => {
  const repository = openGitHub(settings, http);
  return {
    async post(event, signal) {
      const { kind, name, namespace } = event.involvedObject;
      const body = `{"event_type":${JSON.stringify(`${kind}/${name}.${namespace}`)},"client_payload":${encodeEvent(event)}}`;
      await postJson(http, `${repository.url}/dispatches`, body, await repository.headers(signal), signal);
    },
  };
};
