import { parseRepositoryAddress, requireOwnerAndName } from './commit-status.ts';
import { type DeliverySettings, required } from './notifier.ts';

/** A repository's REST API at Gitea or Forgejo. */
export interface GiteaRepository {
  /** `https://gitea.example.com/api/v1`. */
  readonly api: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws ProviderConfigError */
export function openGitea(settings: DeliverySettings): GiteaRepository {
  const token = required('gitea', 'token', settings.token);
  const address = parseRepositoryAddress(settings.address);
  const api = `${address.origin}/api/v1`;
  return { api, url: `${api}/repos/${requireOwnerAndName(address)}`, headers: { Authorization: `token ${token}` } };
}
