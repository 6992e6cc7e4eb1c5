import { GitError } from './git-error.ts';

/**
 * Rebuilds an object from its base and a delta (gitformat-pack).
 * @throws GitError 'badPack' for a delta that does not fit its base | 'tooLarge'
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array, maxBytes: number): Buffer {
  const reader = new DeltaReader(delta);
  const baseSize = reader.size();
  const resultSize = reader.size();
  if (baseSize !== base.length) throw new GitError('badPack', 'cannot read the pack: a delta does not fit its base');
  if (resultSize > maxBytes)
    throw new GitError('tooLarge', `cannot read the pack: an object is larger than ${maxBytes} bytes`);
  const result = Buffer.allocUnsafe(resultSize);
  let written = 0;
  while (!reader.done) {
    const instruction = reader.byte();
    let source: Uint8Array;
    let start: number;
    let length: number;
    if ((instruction & 0x80) !== 0) {
      source = base;
      start = reader.selected(instruction, 4);
      length = reader.selected(instruction >> 4, 3) || 0x10000;
    } else {
      if (instruction === 0) throw new GitError('badPack', 'cannot read the pack: a delta has an unknown instruction');
      source = delta;
      length = instruction;
      start = reader.skip(length);
    }
    if (start + length > source.length || written + length > resultSize) {
      throw new GitError('badPack', 'cannot read the pack: a delta copies from outside of its base');
    }
    result.set(source.subarray(start, start + length), written);
    written += length;
  }
  if (written !== resultSize) throw new GitError('badPack', 'cannot read the pack: a delta ends early');
  return result;
}

class DeltaReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new GitError('badPack', 'cannot read the pack: a delta ends early');
    return value;
  }

  /** Seven bits a byte, lowest first. */
  size(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if ((byte & 0x80) === 0) return value;
      factor *= 128;
      if (factor > 2 ** 42) throw new GitError('badPack', 'cannot read the pack: a delta has an impossible size');
    }
  }

  /** The bytes of a number whose bits in `mask` say that they are there, lowest first. */
  selected(mask: number, count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      if ((mask & (1 << index)) !== 0) value += this.byte() * 2 ** (8 * index);
    }
    return value;
  }

  skip(length: number): number {
    const start = this.#at;
    this.#at += length;
    return start;
  }
}
