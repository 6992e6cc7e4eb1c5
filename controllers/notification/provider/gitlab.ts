import { isRecord } from '../event/event.ts';
import { commitStatus, parseRepositoryAddress } from './commit-status.ts';
import { type Notifier, type NotifierFactory, ProviderConfigError, postJson } from './notifier.ts';

/** Commit status on GitLab. GitLab refuses a status that is set already, so that one is not sent again. */
export const gitlab: NotifierFactory = (settings, http): Notifier => {
  if (settings.token === '') throw new ProviderConfigError('gitlab token cannot be empty');
  const { origin, path } = parseRepositoryAddress(settings.address);
  const project = `${origin}/api/v4/projects/${encodeURIComponent(path)}`;
  // A personal or project token is sent as such; an OAuth token is longer and has no prefix, and takes the same header.
  const headers = { 'PRIVATE-TOKEN': settings.token };
  return {
    async post(event, signal) {
      const status = commitStatus(event, settings.uid);
      if (status === undefined) return;
      const state = status.failed ? 'failed' : 'success';
      const listed: unknown = JSON.parse(
        (
          await http.send(
            `${project}/repository/commits/${status.commit}/statuses?name=${encodeURIComponent(status.id)}`,
            { method: 'GET', headers, signal },
          )
        ).body,
      );
      const same = Array.isArray(listed) && listed.filter(isRecord).find((item) => item['name'] === status.id);
      if (same && same['status'] === state && same['description'] === status.description) return;
      const body = JSON.stringify({ state, name: status.id, description: status.description });
      await postJson(http, `${project}/statuses/${status.commit}`, body, headers, signal);
    },
  };
};
