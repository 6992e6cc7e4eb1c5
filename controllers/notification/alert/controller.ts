import { type Alert, alert as alertKind, asAlert, finalizer } from '#crds';
import { type KubeClient, objectKey } from '#kube';
import type { KindController } from '#runtime';

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
