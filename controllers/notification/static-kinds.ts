import {
  type Alert,
  alert as alertKind,
  asAlert,
  asProvider,
  finalizer,
  type Provider,
  provider as providerKind,
  unsupportedFields,
} from '#crds';
import { type KubeClient, objectKey } from '#kube';
import { type KindController, ReconcileError } from '#runtime';

/** Alerts have no status and need no finalizer; one that an older version left is taken off. */
export function alertController(client: KubeClient): KindController<Alert> {
  return {
    kind: alertKind,
    fieldManager: 'notification-controller',
    conditionTypes: [],
    statusless: true,
    parse: asAlert,
    isSuspended: () => false,
    intervalMs: () => undefined,
    async reconcile(alert, run) {
      const finalizers = alert.metadata.finalizers ?? [];
      if (finalizers.includes(finalizer)) {
        const body = {
          metadata: {
            resourceVersion: alert.metadata.resourceVersion,
            finalizers: finalizers.filter((item) => item !== finalizer),
          },
        };
        await client.patch(alertKind, objectKey(alert), body, {
          type: 'merge',
          fieldManager: 'notification-controller',
        });
        run.event({ type: 'Normal', reason: 'Migration', message: 'removed finalizer from static object' });
      }
      return { kind: 'ready', reason: 'Succeeded', message: '' };
    },
  };
}

/** Providers have no status either: a type that is not built is told by an event. */
export function providerController(): KindController<Provider> {
  return {
    kind: providerKind,
    fieldManager: 'notification-controller',
    conditionTypes: [],
    statusless: true,
    parse: asProvider,
    isSuspended: (provider) => provider.spec.suspend === true,
    intervalMs: () => undefined,
    reconcile(provider) {
      const later = unsupportedFields(provider);
      if (later.length > 0) {
        throw new ReconcileError(
          'ValidationFailed',
          `not supported yet: ${later.join(', ')} (type is '${provider.spec.type}')`,
          { when: 'specChanges' },
        );
      }
      return Promise.resolve({ kind: 'ready', reason: 'Succeeded', message: '' });
    },
    async finalize() {
      // Nothing outside the object itself; the finalizer is what Flux puts on it.
    },
  };
}
