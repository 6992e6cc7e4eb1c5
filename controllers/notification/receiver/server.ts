import type { IncomingMessage } from 'node:http';
import type { Receiver } from '#crds';
import { findCondition } from '#runtime';
import { BodyTooLarge, type HttpAnswer, readBody } from '../http-listener.ts';
import { type AnnotateDeps, requestReconciliation } from './annotate.ts';
import { readToken } from './token.ts';
import { validateWebhook, WebhookRefused } from './validate.ts';

export interface ReceiverServerDeps extends AnnotateDeps {
  /** The Receiver with this `status.webhookPath`. */
  readonly byPath: (path: string) => Receiver | undefined;
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
    return { status: await answer(path, { headers: request.headers, body }, deps) };
  };
}

async function answer(
  path: string,
  webhook: Parameters<typeof validateWebhook>[2],
  deps: ReceiverServerDeps,
): Promise<number> {
  const receiver = deps.byPath(path);
  if (receiver === undefined) return 404;
  const { name, namespace = '' } = receiver.metadata;
  const log = deps.log.child({ Receiver: { name, namespace }, name, namespace });
  if (receiver.spec.suspend === true || !isReady(receiver)) {
    log.info('the receiver is suspended or not ready');
    return 503;
  }
  try {
    validateWebhook(receiver, await readToken(receiver, deps.client), webhook);
  } catch (error) {
    log.error({ error }, error instanceof WebhookRefused ? 'unable to validate payload' : 'unable to read the token');
    return 400;
  }
  const failures = await requestReconciliation(receiver, webhook, { ...deps, log });
  for (const failure of failures) log.error({ error: failure }, 'unable to request reconciliation');
  return failures.length === 0 ? 200 : 500;
}

function isReady(receiver: Receiver): boolean {
  const conditions = receiver.status?.conditions;
  const isTrue = (type: string): boolean => findCondition(conditions, type)?.status === 'True';
  return isTrue('Ready') && !isTrue('Reconciling') && !isTrue('Stalled');
}
