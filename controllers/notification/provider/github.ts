import { commitStatus, listStatuses, parseRepositoryAddress } from './commit-status.ts';
import { type Notifier, type NotifierFactory, ProviderConfigError, postJson } from './notifier.ts';

/** Statuses of a commit that are looked through for the same one (spec section 6, 26). */
const listedStatuses = 50;

/** Commit status on GitHub or GitHub Enterprise. Nothing is sent when the newest status of the context says the same. */
export const github: NotifierFactory = (settings, http): Notifier => {
  const token = settings.token === '' ? settings.password : settings.token;
  if (token === '') throw new ProviderConfigError('github token or github app details must be specified');
  const { origin, path } = parseRepositoryAddress(settings.address);
  if (path.split('/').length !== 2) throw new ProviderConfigError('invalid repository id: expected owner/repository');
  const api = origin === 'https://github.com' ? 'https://api.github.com' : `${origin}/api/v3`;
  const headers = {
    Authorization: `Bearer ${token}`,
    Accept: 'application/vnd.github+json',
    'X-GitHub-Api-Version': '2022-11-28',
  };
  return {
    async post(event, signal) {
      const status = commitStatus(event, settings.uid, settings.statusId);
      if (status === undefined) return;
      const state = status.failed ? 'failure' : 'success';
      const base = `${api}/repos/${path}`;
      const list = `${base}/commits/${status.commit}/statuses?per_page=${listedStatuses}`;
      const newest = (await listStatuses(http, list, headers, signal)).find((item) => item['context'] === status.id);
      if (newest?.['state'] === state && newest['description'] === status.description) return;
      const body = JSON.stringify({ state, context: status.id, description: status.description });
      await postJson(http, `${base}/statuses/${status.commit}`, body, headers, signal);
    },
  };
};
