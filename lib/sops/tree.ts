/** A moment, as RFC 3339 text: YAML has them as scalars of their own. */
export class Timestamp {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export class Comment {
  /** Without the comment character. */
  readonly text: string;
  /** Whether it stands behind a value on its line. */
  readonly inline: boolean;

  constructor(text: string, inline = false) {
    this.text = text;
    this.inline = inline;
  }
}

/** Bytes only where a text is no UTF-8; integers are bigints, so that a float stays one. */
export type Scalar = null | boolean | bigint | number | string | Uint8Array | Timestamp;

export type Value = Scalar | Branch | List;

export interface Entry {
  readonly key: string;
  readonly value: Value;
}

/** A mapping in the order of its source. */
export class Branch {
  readonly items: readonly (Entry | Comment)[];

  constructor(items: readonly (Entry | Comment)[]) {
    this.items = items;
  }

  get entries(): readonly Entry[] {
    return this.items.filter((item): item is Entry => !(item instanceof Comment));
  }

  get(key: string): Value | undefined {
    return this.entries.find((entry) => entry.key === key)?.value;
  }
}

export class List {
  readonly items: readonly (Value | Comment)[];

  constructor(items: readonly (Value | Comment)[]) {
    this.items = items;
  }
}

/** Deepest nesting that is read: every reader and writer here recurses. */
export const maxDepth = 500;
