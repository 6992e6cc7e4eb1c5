import { type Kustomization, unsupportedFields } from '#crds';
import { ReconcileError } from '#runtime';
import type { Settings } from './settings.ts';

/**
 * Refuses what must not or cannot be done, before anything is read.
 * @throws ReconcileError that waits for another spec
 */
export function refuseWhatIsNotAllowed(kustomization: Kustomization, settings: Settings): void {
  const { spec, metadata } = kustomization;
  if (spec.decryption?.serviceAccountName !== undefined && !settings.objectLevelWorkloadIdentity) {
    throw terminal(
      'FeatureGateDisabled',
      'to use spec.decryption.serviceAccountName for decryption authentication please enable the ObjectLevelWorkloadIdentity feature gate in the controller',
      { observed: false },
    );
  }
  const { kind, name, namespace = metadata.namespace ?? '' } = spec.sourceRef;
  const source = `'${kind}/${namespace}/${name}'`;
  if (settings.noCrossNamespaceRefs && namespace !== metadata.namespace) {
    throw terminal('AccessDenied', `can't access ${source}, cross-namespace references have been blocked`, {
      observed: false,
    });
  }
  if (kind === 'ExternalArtifact' && !settings.externalArtifact) {
    throw terminal('AccessDenied', `can't access ${source}, ExternalArtifact feature gate is disabled`, {
      observed: false,
    });
  }
  // The engine does not write origin and transformer annotations yet.
  const unbuilt = (spec.buildMetadata ?? []).length > 0 ? ['spec.buildMetadata'] : [];
  const fields = [...unsupportedFields(kustomization), ...unbuilt];
  if (fields.length > 0) {
    throw terminal('UnsupportedField', `cannot reconcile: ${fields.join(', ')} not supported by this version yet`);
  }
}

function terminal(reason: string, message: string, options: { readonly observed?: boolean } = {}): ReconcileError {
  return new ReconcileError(reason, message, { when: 'specChanges' }, options);
}
