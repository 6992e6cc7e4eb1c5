import { changeRequestOf, type Comment, upsertComment } from './change-request.ts';
import { getJson, recordsOf } from './get-json.ts';
import { openGitLab } from './gitlab-api.ts';
import { isRecord, type JsonRecord } from '../json-record.ts';
import { type Notifier, type NotifierFactory, postBody, postJson } from './notifier.ts';

function note({ id, author, body }: JsonRecord): Comment {
  const name = isRecord(author) ? author['username'] : undefined;
  return { id: Number(id), author: String(name ?? ''), body: String(body ?? '') };
}

/** A note on the merge request that the event names. */
export const gitlabmergerequestcomment: NotifierFactory = (settings, http): Notifier => {
  const { api, url, headers } = openGitLab(settings);
  return {
    async post(event, signal) {
      const notes = `${url}/merge_requests/${changeRequestOf(event)}/notes`;
      const what = 'list the notes of the merge request';
      const thread = {
        self: async () => {
          const user = await getJson(http, `${api}/user`, headers, signal, 'read the user of the token');
          return String(isRecord(user) ? user['username'] : '');
        },
        // Oldest first, so that those of the first hundred stay the first.
        list: async () => {
          const page = `${notes}?per_page=100&sort=asc&order_by=created_at`;
          return recordsOf(await getJson(http, page, headers, signal, what), what).map(note);
        },
        create: (body: string) => postJson(http, notes, JSON.stringify({ body }), headers, signal),
        update: (id: number, body: string) =>
          postBody(http, `${notes}/${id}`, JSON.stringify({ body }), signal, { method: 'PUT', headers }),
      };
      await upsertComment(thread, event, 'mr', settings.uid);
    },
  };
};
