import { type Event, objectPath } from '../event/event.ts';
import { statusMarkdown } from './markdown.ts';

export interface Comment {
  readonly id: number;
  readonly author: string;
  readonly body: string;
}

/** The comments of one pull or merge request. */
export interface CommentThread {
  /** The name that `create` writes under. */
  self(): Promise<string>;
  /** The first hundred. */
  list(): Promise<readonly Comment[]>;
  create(body: string): Promise<unknown>;
  update(id: number, body: string): Promise<unknown>;
}

/** The number of the pull or merge request that an event belongs to. @throws Error when it is none */
export function changeRequestOf(event: Event): string {
  const number = event.metadata?.['change_request'] ?? '';
  if (!/^[1-9]\d{0,18}$/.test(number))
    throw new Error(`invalid change_request metadata "${number}": expected a number`);
  return number;
}

/**
 * Keeps one comment per object and Provider. It is known by a line that nobody sees, and only one of our own counts: anybody
 * can copy the line.
 * @param word `pr` or `mr`
 */
export async function upsertComment(
  thread: CommentThread,
  event: Event,
  word: 'pr' | 'mr',
  providerUid: string,
): Promise<void> {
  const marker = `<!-- flux-${word}-comment-key:${providerUid}/${objectPath(event)} -->`;
  const body = `${marker}\n${statusMarkdown(event)}`;
  const [self, comments] = await Promise.all([thread.self(), thread.list()]);
  const known = comments.find((comment) => comment.author === self && comment.body.includes(marker));
  if (known === undefined) await thread.create(body);
  else if (known.body !== body) await thread.update(known.id, body);
}
