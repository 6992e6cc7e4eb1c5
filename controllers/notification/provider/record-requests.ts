import type { Event } from '../event/event.ts';
import { type HttpCall, HttpStatusError } from './http.ts';
import { notifiers } from './notifiers.ts';
import { type DeliverySettings } from './notifier.ts';
import { TokenCache } from './token-cache.ts';

/** For tests: an event as the dispatcher hands it to a provider. */
export const info: Event = {
  involvedObject: { kind: 'Kustomization', namespace: 'apps', name: 'web', uid: 'u' },
  severity: 'info',
  timestamp: '2026-11-21T02:27:31Z',
  message: 'Deployment/apps/web configured\nService/apps/web created',
  reason: 'ReconciliationSucceeded',
  metadata: { revision: 'main@sha1:abc', env: 'prod', summary: 'Production' },
  reportingController: 'kustomize-controller',
};
export const error: Event = { ...info, severity: 'error', message: 'no', reason: 'HealthCheckFailed' };

const defaults: Omit<DeliverySettings, 'type'> = {
  address: 'https://example.com/hook',
  channel: '',
  username: '',
  password: '',
  token: '',
  tokenBytes: Buffer.alloc(0),
  headers: {},
  uid: '0c9c2e41-1111-2222-3333-444455556666',
  secret: new Map(),
  connection: {},
  alert: { namespace: 'apps', name: 'all', uid: 'a-1' },
  tokens: new TokenCache(() => 0),
  environment: {},
  hide: () => undefined,
};

export interface Sent extends Pick<HttpCall, 'method'> {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The body of a 200, or a status that is a failure. */
export type Answer = string | number;

/** What a type sends for an event, in order. */
export async function requestsOf(
  type: string,
  settings: Partial<DeliverySettings>,
  event: Event,
  answer: (request: Sent) => Answer = () => '',
): Promise<readonly Sent[]> {
  const requests: Sent[] = [];
  const factory = notifiers.get(type);
  if (factory === undefined) throw new Error(`no type "${type}"`);
  const notifier = factory(
    { ...defaults, type, tokens: new TokenCache(() => 0), ...settings },
    {
      send: (url, { method, headers = {}, body = '' }) => {
        const request = { url: String(url), method, headers, body };
        requests.push(request);
        const answered = answer(request);
        return typeof answered === 'string'
          ? Promise.resolve({ status: 200, body: answered })
          : Promise.reject(new HttpStatusError(`request failed with status code ${answered}`, answered));
      },
    },
  );
  await notifier.post(event, new AbortController().signal);
  return requests;
}
