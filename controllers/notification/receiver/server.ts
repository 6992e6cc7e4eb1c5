import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Receiver } from '#crds';
import type { KubeClient } from '#kube';
import { findCondition } from '#runtime';
import { BodyTooLarge, readBody } from '../http-listener.ts';
import { readSecret } from '../provider/secrets.ts';
import { type AnnotateDeps, requestReconciliation } from './annotate.ts';
import { validateWebhook, WebhookRefused } from './validate.ts';

export interface ReceiverServerDeps extends AnnotateDeps {
  readonly client: KubeClient;
  /** The Receiver with this `status.webhookPath`. */
  readonly byPath: (path: string) => Receiver | undefined;
}

/** The webhook endpoint, `/hook/<digest>`, any method (spec section 7). */
export function receiverListener(deps: ReceiverServerDeps): RequestListener {
  return (request, response) => {
    handle(request, response, deps).catch((error: unknown) => {
      deps.log.error({ error }, 'cannot handle a webhook');
      if (!response.headersSent) response.writeHead(500).end();
      else response.destroy();
    });
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, deps: ReceiverServerDeps): Promise<void> {
  const path = request.url ?? '';
  if (!path.startsWith('/hook/')) {
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
    return;
  }
  let body: Buffer;
  try {
    body = await readBody(request);
  } catch (error) {
    if (error instanceof BodyTooLarge) response.writeHead(413, { connection: 'close' }).end();
    else response.writeHead(400).end();
    return;
  }
  response.writeHead(await answer(path, { headers: request.headers, body }, deps)).end();
}

async function answer(
  path: string,
  webhook: Parameters<typeof validateWebhook>[2],
  deps: ReceiverServerDeps,
): Promise<number> {
  const receiver = deps.byPath(path);
  if (receiver === undefined) return 404;
  const { name, namespace = '' } = receiver.metadata;
  const log = deps.log.child({ receiver: { name, namespace } });
  if (receiver.spec.suspend === true || !isReady(receiver)) {
    log.info('the receiver is suspended or not ready');
    return 503;
  }
  try {
    validateWebhook(receiver, await tokenOf(receiver, deps.client), webhook);
  } catch (error) {
    log.error({ error }, error instanceof WebhookRefused ? 'unable to validate payload' : 'unable to read the token');
    return 400;
  }
  const failures = await requestReconciliation(receiver, { ...deps, log });
  for (const failure of failures) log.error({ error: failure }, 'unable to request reconciliation');
  return failures.length === 0 ? 200 : 500;
}

/** @throws Error `unable to read token from secret 'ns/n' error: …` */
export async function tokenOf(receiver: Receiver, client: KubeClient): Promise<string> {
  const { secretRef } = receiver.spec;
  const namespace = receiver.metadata.namespace ?? '';
  if (secretRef === undefined) return '';
  let token: string | undefined;
  try {
    token = (await readSecret(client, namespace, secretRef.name)).get('token');
  } catch (error) {
    const text = error instanceof Error ? error.message.replace(/^failed to get secret '[^']*': /, '') : String(error);
    throw new Error(`unable to read token from secret '${namespace}/${secretRef.name}' error: ${text}`, {
      cause: error,
    });
  }
  if (token === undefined)
    throw new Error(`invalid '${namespace}/${secretRef.name}' secret data: required field 'token'`);
  return token;
}

function isReady(receiver: Receiver): boolean {
  const conditions = receiver.status?.conditions;
  const isTrue = (type: string): boolean => findCondition(conditions, type)?.status === 'True';
  return isTrue('Ready') && !isTrue('Reconciling') && !isTrue('Stalled');
}
