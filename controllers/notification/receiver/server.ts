import type { IncomingMessage } from 'node:http';
import type { Receiver } from '#crds';
import { findCondition } from '#runtime';
import { BodyTooLarge, type HttpAnswer, readBody } from '../http-listener.ts';
import { type AnnotateDeps, requestReconciliation } from './annotate.ts';
import type { OidcVerifier } from './oidc-verifier.ts';
import { readReceiverSecret } from './token.ts';
import { validateWebhook } from './validate.ts';
import { type Accepted, type Webhook, WebhookRefused } from './webhook.ts';

export interface ReceiverServerDeps extends AnnotateDeps {
  /** The Receiver with this `status.webhookPath`. */
  readonly byPath: (path: string) => Receiver | undefined;
  readonly oidc: Pick<OidcVerifier, 'claims'>;
}

/** The webhook endpoint, `/hook/<digest>`, any method (spec section 7). */
export function webhookHandler(deps: ReceiverServerDeps): (request: IncomingMessage) => Promise<HttpAnswer> {
  return async (request) => {
    const path = request.url ?? '';
    if (!path.startsWith('/hook/')) {
      return {
        status: 404,
        headers: { 'Content-Type': 'text/plain; charset=utf-8' },
        body: '404 page not found\n',
      };
    }
    let body: Buffer;
    try {
      body = await readBody(request);
    } catch (error) {
      return { status: error instanceof BodyTooLarge ? 413 : 400 };
    }
    return answer(path, { headers: request.headers, body }, deps);
  };
}

async function answer(path: string, webhook: Webhook, deps: ReceiverServerDeps): Promise<HttpAnswer> {
  const receiver = deps.byPath(path);
  if (receiver === undefined) return { status: 404 };
  const { name, namespace = '' } = receiver.metadata;
  const log = deps.log.child({ Receiver: { name, namespace }, name, namespace });
  if (receiver.spec.suspend === true || !isReady(receiver)) {
    log.info('the receiver is suspended or not ready');
    return { status: 503 };
  }
  let accepted: Accepted;
  try {
    const { token, data: secret } = await readReceiverSecret(receiver, deps.client);
    accepted = await validateWebhook({ ...webhook, receiver, token, secret, oidc: deps.oidc });
  } catch (error) {
    const isRefused = error instanceof WebhookRefused;
    log.error({ error }, isRefused ? 'unable to validate payload' : 'unable to read the token');
    return { status: 400, ...(isRefused && error.reply !== '' ? { body: `${error.reply}\n` } : {}) };
  }
  const { body = webhook.body, claims } = accepted;
  const call = { headers: webhook.headers, body, ...(claims === undefined ? {} : { claims }) };
  const failures = await requestReconciliation(receiver, call, { ...deps, log });
  for (const failure of failures) log.error({ error: failure }, 'unable to request reconciliation');
  return { status: failures.length === 0 ? 200 : 500 };
}

function isReady(receiver: Receiver): boolean {
  const conditions = receiver.status?.conditions;
  const isTrue = (type: string): boolean => findCondition(conditions, type)?.status === 'True';
  return isTrue('Ready') && !isTrue('Reconciling') && !isTrue('Stalled');
}
