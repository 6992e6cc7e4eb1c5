import { header, headerBytes, isEqual, requireEvent, type Validator, WebhookRefused } from '../webhook.ts';

export const gitlab: Validator = (call) => {
  if (!isEqual(headerBytes(call, 'x-gitlab-token'), call.token))
    throw new WebhookRefused("the X-Gitlab-Token header value doesn't match the receiver token");
  requireEvent(call.receiver, 'GitLab', header(call, 'x-gitlab-event'));
  return {};
};
