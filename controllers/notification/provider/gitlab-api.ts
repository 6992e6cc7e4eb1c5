import { parseRepositoryAddress } from './commit-status.ts';
import { type DeliverySettings, ProviderConfigError } from './notifier.ts';

/** A project's REST API at GitLab. */
export interface GitLabProject {
  /** `https://gitlab.com/api/v4`. */
  readonly api: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws ProviderConfigError */
export function openGitLab({ address, token }: DeliverySettings): GitLabProject {
  if (token === '') throw new ProviderConfigError('gitlab token cannot be empty');
  const { origin, path } = parseRepositoryAddress(address);
  const api = `${origin}/api/v4`;
  return { api, url: `${api}/projects/${encodeURIComponent(path)}`, headers: { 'PRIVATE-TOKEN': token } };
}
