import { commitStatus, listStatuses } from './commit-status.ts';
import { openGitLab } from './gitlab-api.ts';
import { type Notifier, type NotifierFactory, postJson } from './notifier.ts';

/** Commit status on GitLab, which refuses to set a status that is set already: so that one is not sent again. */
export const gitlab: NotifierFactory = (settings, http): Notifier => {
  const { url: project, headers } = openGitLab(settings);
  return {
    async post(event, signal) {
      const status = commitStatus(event, settings.uid, settings.statusId);
      if (status === undefined) return;
      const state = status.failed ? 'failed' : 'success';
      const list = `${project}/repository/commits/${status.commit}/statuses?name=${encodeURIComponent(status.id)}`;
      const newest = (await listStatuses(http, list, headers, signal)).find((item) => item['name'] === status.id);
      if (newest?.['status'] === state && newest['description'] === status.description) return;
      const body = JSON.stringify({ state, name: status.id, description: status.description });
      await postJson(http, `${project}/statuses/${status.commit}`, body, headers, signal);
    },
  };
};
