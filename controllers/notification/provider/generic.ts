import { createHmac } from 'node:crypto';
import { encodeEvent } from '../event/event-json.ts';
import { type Notifier, type NotifierFactory, ProviderConfigError, postJson, requireUrl } from './notifier.ts';

/** The event as JSON, to any URL. A token of the Secret is not sent; its headers are. */
export const generic: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('generic', settings.address);
  return {
    async post(event, signal) {
      const headers = { 'gotk-component': event.reportingController, ...settings.headers };
      await postJson(http, url, encodeEvent(event), headers, signal);
    },
  };
};

/** As generic, signed: `X-Signature: sha256=<hex HMAC of the body>`. */
export const genericHmac: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('generic-hmac', settings.address);
  if (settings.tokenBytes.length === 0)
    throw new ProviderConfigError('could not initialize generic-hmac provider: empty token');
  return {
    async post(event, signal) {
      const body = encodeEvent(event);
      const signature = `sha256=${createHmac('sha256', settings.tokenBytes).update(body).digest('hex')}`;
      const headers = { 'gotk-component': event.reportingController, ...settings.headers, 'X-Signature': signature };
      await postJson(http, url, body, headers, signal);
    },
  };
};
