import { statusMarkdown } from './markdown.ts';
import {
  basicAuthorization,
  type Notifier,
  type NotifierFactory,
  ProviderConfigError,
  postBody,
  required,
  requireUrl,
} from './notifier.ts';

/** A message to the topic of a stream, which `channel` names as `stream/topic`. */
export const zulip: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('zulip', settings.address);
  const [, stream, topic] = /^([^/]+)\/(.+)$/s.exec(required('zulip', 'channel', settings.channel)) ?? [];
  if (stream === undefined || topic === undefined)
    throw new ProviderConfigError('invalid zulip channel: expected stream/topic');
  const username = required('zulip', 'username', settings.username);
  const headers = {
    Authorization: basicAuthorization(username, required('zulip', 'password', settings.password), settings),
  };
  const api = `${url.origin}${url.pathname.replace(/\/+$/, '')}/api/v1/messages`;
  return {
    async post(event, signal) {
      const form = new URLSearchParams({ type: 'stream', to: stream, topic, content: statusMarkdown(event) });
      const contentType = 'application/x-www-form-urlencoded';
      await postBody(http, api, form.toString(), signal, { contentType, headers });
    },
  };
};
