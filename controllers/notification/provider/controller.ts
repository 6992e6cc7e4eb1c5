import { asProvider, type Provider, provider as providerKind, unsupportedFields } from '#crds';
import { type KindController, ReconcileError } from '#runtime';

/** Providers have no status: what is not built yet is told by an event. They carry a finalizer, as in Flux. */
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
      // Nothing outside the object itself.
    },
  };
}
