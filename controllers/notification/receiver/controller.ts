import {
  asReceiver,
  formatGoDuration,
  parseGoDuration,
  type Receiver,
  receiver as receiverKind,
  unsupportedFields,
} from '#crds';
import type { CacheEvent, KubeClient } from '#kube';
import { type KindController, type Outcome, ReconcileError } from '#runtime';
import { tokenOf } from './server.ts';
import { webhookPath } from './webhook-path.ts';

const defaultInterval = '10m';

/** The Receivers by the path that they are called at. */
export class ReceiverIndex {
  readonly #byPath = new Map<string, Receiver>();
  readonly #paths = new Map<string, string>();

  get(path: string): Receiver | undefined {
    return this.#byPath.get(path);
  }

  /** Keeps up with a watch. */
  change(event: CacheEvent<Receiver>): void {
    this.#delete(event.object);
    if (event.type !== 'deleted') this.#put(event.object);
  }

  #put(receiver: Receiver): void {
    const path = receiver.status?.webhookPath;
    if (path === undefined || path === '') return;
    this.#byPath.set(path, receiver);
    this.#paths.set(keyOf(receiver), path);
  }

  #delete(receiver: Receiver): void {
    const path = this.#paths.get(keyOf(receiver));
    if (path === undefined) return;
    this.#paths.delete(keyOf(receiver));
    this.#byPath.delete(path);
  }
}

function keyOf(receiver: Receiver): string {
  return `${receiver.metadata.namespace}/${receiver.metadata.name}`;
}

/** Gives every Receiver its path (spec section 7, Reconcile). */
export function receiverController(client: KubeClient): KindController<Receiver> {
  return {
    kind: receiverKind,
    fieldManager: 'notification-controller',
    conditionTypes: [],
    jitters: false,
    parse: asReceiver,
    isSuspended: (receiver) => receiver.spec.suspend === true,
    intervalMs: (receiver) => parseGoDuration(receiver.spec.interval ?? defaultInterval),
    reconcile: (receiver) => reconcileReceiver(receiver, client),
    async finalize() {
      // Nothing outside the object itself.
    },
    readyEvent: (receiver) => ({
      type: 'Normal',
      reason: 'Succeeded',
      message: `Reconciliation finished, next run in ${formatGoDuration(parseGoDuration(receiver.spec.interval ?? defaultInterval))}`,
    }),
  };
}

async function reconcileReceiver(receiver: Receiver, client: KubeClient): Promise<Outcome> {
  const later = unsupportedFields(receiver);
  if (later.length > 0) {
    const message = `Reconciliation failed terminally due to configuration error: not supported yet: ${later.join(', ')}`;
    throw new ReconcileError('ValidationFailed', message, { when: 'specChanges' });
  }
  let token: string;
  try {
    token = await tokenOf(receiver, client);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ReconcileError(
      'TokenNotFound',
      message,
      { when: 'backoff' },
      { status: { webhookPath: null }, cause: error },
    );
  }
  const path = webhookPath(token, receiver.metadata.name, receiver.metadata.namespace ?? '');
  return {
    kind: 'ready',
    reason: 'Succeeded',
    message: `Receiver initialized for path: ${path}`,
    status: { webhookPath: path },
  };
}
