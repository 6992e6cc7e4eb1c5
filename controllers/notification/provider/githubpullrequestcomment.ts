import { changeRequestOf, type Comment, upsertComment } from './change-request.ts';
import { getJson, recordsOf } from './get-json.ts';
import { openGitHub } from './github-api.ts';
import { isRecord, type JsonRecord } from '../json-record.ts';
import { type Notifier, type NotifierFactory, postBody, postJson } from './notifier.ts';

/** As GitHub and Gitea list comments. */
export function issueComment({ id, user, body }: JsonRecord): Comment {
  const author = isRecord(user) ? user['login'] : undefined;
  return { id: Number(id), author: String(author ?? ''), body: String(body ?? '') };
}

/** A comment on the pull request that the event names. */
export const githubpullrequestcomment: NotifierFactory = (settings, http): Notifier => {
  const repository = openGitHub(settings, http);
  return {
    async post(event, signal) {
      const issue = `${repository.url}/issues/${changeRequestOf(event)}`;
      const headers = await repository.headers(signal);
      const what = 'list the comments of the pull request';
      const thread = {
        self: () => repository.login(signal),
        list: async () =>
          recordsOf(await getJson(http, `${issue}/comments?per_page=100`, headers, signal, what), what).map(
            issueComment,
          ),
        create: (body: string) => postJson(http, `${issue}/comments`, JSON.stringify({ body }), headers, signal),
        update: (id: number, body: string) =>
          postBody(http, `${repository.url}/issues/comments/${id}`, JSON.stringify({ body }), signal, {
            method: 'PATCH',
            headers,
          }),
      };
      await upsertComment(thread, event, 'pr', settings.uid);
    },
  };
};
