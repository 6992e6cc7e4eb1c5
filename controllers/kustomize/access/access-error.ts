/** There is no way to the cluster that a Kustomization names. The message holds nothing of a kubeconfig's content. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
}
