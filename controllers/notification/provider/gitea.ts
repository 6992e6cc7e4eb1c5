import { isRecord } from '../json-record.ts';
import { anyCommitStatus, isProgressing, listStatuses } from './commit-status.ts';
import { getJson } from './get-json.ts';
import { type GiteaRepository, openGitea } from './gitea-api.ts';
import type { HttpClient } from './http.ts';
import { type Notifier, type NotifierFactory, postJson } from './notifier.ts';

/** Statuses of a commit that are looked through for the same one. */
const listedStatuses = 50;

/** Commit status on Gitea or Forgejo; `Progressing` is shown as pending. */
export const gitea: NotifierFactory = (settings, http): Notifier => {
  const repository = openGitea(settings);
  const { url, headers } = repository;
  return {
    async post(event, signal) {
      const status = anyCommitStatus(event, settings.uid, settings.statusId);
      const state = isProgressing(event) ? 'pending' : status.failed ? 'failure' : 'success';
      await requireVersion(repository, http, signal);
      const list = `${url}/commits/${status.commit}/statuses?sort=recentupdate&limit=${listedStatuses}`;
      const newest = (await listStatuses(http, list, headers, signal)).find((item) => item['context'] === status.id);
      if (newest?.['status'] === state && newest['description'] === status.description) return;
      const body = JSON.stringify({ state, context: status.id, description: status.description });
      await postJson(http, `${url}/statuses/${status.commit}`, body, headers, signal);
    },
  };
};

/** An address that is not Gitea's is told as such, as Flux does by the same question. */
async function requireVersion({ api, headers }: GiteaRepository, http: HttpClient, signal: AbortSignal): Promise<void> {
  const what = "read gitea's version";
  const answer = await getJson(http, `${api}/version`, headers, signal, what);
  if (!isRecord(answer) || !/^v?\d+\.\d+/.test(String(answer['version'])))
    throw new Error(`could not ${what}: the answer names none`);
}
