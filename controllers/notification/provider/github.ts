import { isRecord } from '../event/event.ts';
import { type CommitStatus, commitStatus, parseRepositoryAddress } from './commit-status.ts';
import type { HttpClient } from './http.ts';
import { type Notifier, type NotifierFactory, ProviderConfigError, postJson } from './notifier.ts';

/** Statuses of a commit that are looked through for the same one (spec section 6, 26). */
const listedStatuses = 50;

/** Commit status on GitHub or GitHub Enterprise. Nothing is sent when the newest status of the context says the same. */
export const github: NotifierFactory = (settings, http): Notifier => {
  const token = settings.token === '' ? settings.password : settings.token;
  if (token === '') throw new ProviderConfigError('github token or github app details must be specified');
  const { origin, path } = parseRepositoryAddress(settings.address);
  const api = origin === 'https://github.com' ? 'https://api.github.com' : `${origin}/api/v3`;
  const headers = {
    Authorization: `Bearer ${token}`,
    Accept: 'application/vnd.github+json',
    'X-GitHub-Api-Version': '2022-11-28',
  };
  return {
    async post(event, signal) {
      const status = commitStatus(event, settings.uid);
      if (status === undefined) return;
      const state = status.failed ? 'failure' : 'success';
      const base = `${api}/repos/${path}`;
      if (
        await alreadySet(
          http,
          `${base}/commits/${status.commit}/statuses?per_page=${listedStatuses}`,
          headers,
          status,
          state,
          signal,
        )
      )
        return;
      const body = JSON.stringify({ state, context: status.id, description: status.description });
      await postJson(http, `${base}/statuses/${status.commit}`, body, headers, signal);
    },
  };
};

async function alreadySet(
  http: HttpClient,
  url: string,
  headers: Readonly<Record<string, string>>,
  status: CommitStatus,
  state: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const listed: unknown = JSON.parse((await http.send(url, { method: 'GET', headers, signal })).body);
    const newest = Array.isArray(listed)
      ? listed.filter(isRecord).find((item) => item['context'] === status.id)
      : undefined;
    return newest?.['state'] === state && newest['description'] === status.description;
  } catch (error) {
    throw new Error(`could not list commit statuses: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
