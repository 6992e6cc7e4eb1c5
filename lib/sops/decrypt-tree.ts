import { decryptValue, isEncryptedValue } from './encrypted-value.ts';
import { SopsError } from './error.ts';
import type { Selected } from './selection.ts';
import { Branch, Comment, type Entry, List, type Value } from './tree.ts';

export interface TreeKey {
  readonly dataKey: Uint8Array;
  readonly select: (path: readonly string[]) => Selected;
  readonly onSecret?: ((text: string) => void) | undefined;
}

/**
 * A document with every encrypted value and comment in clear.
 * @throws SopsError 'undecryptable'
 */
export function decryptTree(branch: Branch, key: TreeKey): Branch {
  return new TreeDecrypter(key).branch(branch, []);
}

class TreeDecrypter {
  readonly #key: TreeKey;

  constructor(key: TreeKey) {
    this.#key = key;
  }

  branch(branch: Branch, path: readonly string[]): Branch {
    return new Branch(
      branch.items.map((item): Entry | Comment => {
        if (item instanceof Comment) return this.#comment(item, path);
        const below = [...path, item.key];
        const value = this.#value(item.value, below);
        if (!(value instanceof Comment)) return { key: item.key, value };
        throw new SopsError('undecryptable', `cannot decrypt the value of "${below.join('.')}": it is a comment`);
      }),
    );
  }

  #value(value: Value, path: readonly string[]): Value | Comment {
    if (value instanceof Branch) return this.branch(value, path);
    if (value instanceof List) return this.#list(value, path);
    if (value === null) return null;
    const selected = this.#key.select(path);
    if (selected === 'plain') return value;
    if (typeof value === 'string' && (selected === 'encrypted' || isEncryptedValue(value))) {
      const plain = decryptValue(value, this.#key.dataKey, path);
      this.#tell(plain);
      return plain;
    }
    if (selected === 'either') return value;
    throw new SopsError(
      'undecryptable',
      `cannot decrypt the value of "${path.join('.')}": it is no text, expected an encrypted value`,
    );
  }

  #tell(plain: Value | Comment): void {
    if (plain instanceof Uint8Array) this.#key.onSecret?.(Buffer.from(plain).toString('utf8'));
    else if (typeof plain !== 'object') this.#key.onSecret?.(String(plain));
  }

  #list(list: List, path: readonly string[]): List {
    return new List(
      list.items.map((item) => (item instanceof Comment ? this.#comment(item, path) : this.#value(item, path))),
    );
  }

  /** A comment that does not open was never encrypted, or belongs to a line that has moved: it stays as it is. */
  #comment(comment: Comment, path: readonly string[]): Comment {
    if (!isEncryptedValue(comment.text) || this.#key.select(path) === 'plain') return comment;
    for (let length = path.length; length >= 0; length--) {
      try {
        const text = decryptValue(comment.text, this.#key.dataKey, path.slice(0, length));
        if (text instanceof Comment) return text;
        if (typeof text === 'string') return new Comment(text, comment.inline);
      } catch (error) {
        if (!(error instanceof SopsError)) throw error;
      }
    }
    return comment;
  }
}
