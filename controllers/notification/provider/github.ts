import { commitStatus, listStatuses } from './commit-status.ts';
import { openGitHub } from './github-api.ts';
import { type Notifier, type NotifierFactory, postJson } from './notifier.ts';

/** Statuses of a commit that are looked through for the same one (spec section 6, 26). */
const listedStatuses = 50;

/** Commit status on GitHub or GitHub Enterprise. Nothing is sent when the newest status of the context says the same. */
export const github: NotifierFactory = (settings, http): Notifier => {
  const repository = openGitHub(settings, http);
  return {
    async post(event, signal) {
      const status = commitStatus(event, settings.uid, settings.statusId);
      if (status === undefined) return;
      const state = status.failed ? 'failure' : 'success';
      const headers = await repository.headers(signal);
      const list = `${repository.url}/commits/${status.commit}/statuses?per_page=${listedStatuses}`;
      const newest = (await listStatuses(http, list, headers, signal)).find((item) => item['context'] === status.id);
      if (newest?.['state'] === state && newest['description'] === status.description) return;
      const body = JSON.stringify({ state, context: status.id, description: status.description });
      await postJson(http, `${repository.url}/statuses/${status.commit}`, body, headers, signal);
    },
  };
};
