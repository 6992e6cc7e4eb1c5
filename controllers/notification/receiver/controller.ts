import { CelError } from '#cel';
import {
  asReceiver,
  formatGoDuration,
  parseGoDuration,
  type Receiver,
  receiver as receiverKind,
  unsupportedFields,
} from '#crds';
import type { KubeClient } from '#kube';
import { type KindController, type Outcome, ReconcileError, type Run } from '#runtime';
import { ResourceFilters } from './filters.ts';
import { oidcRules } from './oidc-rules.ts';
import { readReceiverSecret, webhookPath } from './token.ts';

const defaultInterval = '10m';

/** Gives every Receiver its path (spec section 7, Reconcile). */
export function receiverController(client: KubeClient): KindController<Receiver> {
  return {
    kind: receiverKind,
    fieldManager: 'notification-controller',
    conditionTypes: [],
    jitters: false,
    parse: asReceiver,
    isSuspended: (receiver) => receiver.spec.suspend === true,
    intervalMs,
    reconcile: (receiver, run) => reconcileReceiver(receiver, run, client),
    async finalize() {
      // Nothing outside the object itself.
    },
    readyEvent: (receiver) => ({
      type: 'Normal',
      reason: 'Succeeded',
      message: `Reconciliation finished, next run in ${formatGoDuration(intervalMs(receiver))}`,
    }),
  };
}

function intervalMs(receiver: Receiver): number {
  return parseGoDuration(receiver.spec.interval ?? defaultInterval);
}

async function reconcileReceiver(receiver: Receiver, run: Run<Receiver>, client: KubeClient): Promise<Outcome> {
  const later = unsupportedFields(receiver);
  if (later.length > 0) {
    const message = `Reconciliation failed terminally due to configuration error: not supported yet: ${later.join(', ')}`;
    throw new ReconcileError('ValidationFailed', message, { when: 'specChanges' });
  }
  refuseBadExpressions(receiver);
  const token = await run.step('ReadToken', () => tokenOrFailure(receiver, run, client));
  const path = webhookPath(token, receiver.metadata.name, receiver.metadata.namespace ?? '');
  return {
    kind: 'ready',
    reason: 'Succeeded',
    message: `Receiver initialized for path: ${path}`,
    status: { webhookPath: path },
  };
}

function refuseBadExpressions(receiver: Receiver): void {
  try {
    ResourceFilters.of(receiver);
    oidcRules(receiver);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const message = `Reconciliation failed terminally due to configuration error: ${error.message}`;
    throw new ReconcileError('InvalidCELExpression', message, { when: 'specChanges' }, { cause: error });
  }
}

/** Without a token there is no path. The event's reason differs from the condition's, as in Flux. */
async function tokenOrFailure(receiver: Receiver, run: Run<Receiver>, client: KubeClient): Promise<Buffer> {
  try {
    return (await readReceiverSecret(receiver, client)).token;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    run.event({ type: 'Warning', reason: 'Failed', message });
    throw new ReconcileError(
      'TokenNotFound',
      message,
      { when: 'backoff' },
      { status: { webhookPath: null }, event: 'none', cause: error },
    );
  }
}
