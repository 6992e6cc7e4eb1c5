import type { Kustomization } from '#crds';
import type { Identity } from '#kube';

/** The ServiceAccount on whose behalf objects are applied: the spec's, else the default one; undefined: the controller itself. */
export function accountOf({ spec }: Kustomization, defaultAccount: string): string | undefined {
  const name = spec.serviceAccountName ?? '';
  return (name === '' ? defaultAccount : name) || undefined;
}

/** The API server adds the groups that every ServiceAccount is in, because none are named here. */
export function accountIdentity(namespace: string, name: string): Identity {
  return { user: `system:serviceaccount:${namespace}:${name}` };
}
