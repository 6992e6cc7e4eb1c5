import { changeRequestOf, upsertComment } from './change-request.ts';
import { getJson, recordsOf } from './get-json.ts';
import { openGitea } from './gitea-api.ts';
import { issueComment } from './githubpullrequestcomment.ts';
import { isRecord } from '../json-record.ts';
import { type Notifier, type NotifierFactory, postBody, postJson } from './notifier.ts';

/** A comment on the pull request that the event names. */
export const giteapullrequestcomment: NotifierFactory = (settings, http): Notifier => {
  const { api, url, headers } = openGitea(settings);
  return {
    async post(event, signal) {
      const comments = `${url}/issues/${changeRequestOf(event)}/comments`;
      const what = 'list the comments of the pull request';
      const thread = {
        self: async () => {
          const user = await getJson(http, `${api}/user`, headers, signal, 'read the user of the token');
          return String(isRecord(user) ? user['login'] : '');
        },
        // Gitea lists all of them at once.
        list: async () =>
          recordsOf(await getJson(http, comments, headers, signal, what), what)
            .slice(0, 100)
            .map(issueComment),
        create: (body: string) => postJson(http, comments, JSON.stringify({ body }), headers, signal),
        update: (id: number, body: string) =>
          postBody(http, `${url}/issues/comments/${id}`, JSON.stringify({ body }), signal, {
            method: 'PATCH',
            headers,
          }),
      };
      await upsertComment(thread, event, 'pr', settings.uid);
    },
  };
};
