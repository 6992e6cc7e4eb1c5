import { createHash } from 'node:crypto';
import type { TrustedKeys } from '#git';

/**
 * Which revision of which object was verified with which keys, since this process began: an exchanged key asks for another look, although
 * status does not tell which keys there were.
 */
export class VerifiedRevisions {
  readonly #seen = new Map<string, string>();

  has(uid: string, revision: string, keys: TrustedKeys): boolean {
    return this.#seen.get(uid) === identity(revision, keys);
  }

  add(uid: string, revision: string, keys: TrustedKeys): void {
    this.#seen.set(uid, identity(revision, keys));
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
  }
}

function identity(revision: string, keys: TrustedKeys): string {
  return createHash('sha256')
    .update(JSON.stringify([revision, keys]))
    .digest('hex');
}
