import { GitError } from './git-error.ts';

/** A framed line of the Git protocol, or one of its marks. */
export type Packet = Buffer | 'flush' | 'delimiter' | 'end';

/** Frames a text line; the protocol counts the four digits too. */
export function encodePacket(line: string): Buffer {
  const body = Buffer.from(line, 'utf8');
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0'), 'latin1'), body]);
}

export const flushPacket: Buffer = Buffer.from('0000', 'latin1');
export const delimiterPacket: Buffer = Buffer.from('0001', 'latin1');

/** Reads exact lengths out of a stream of pieces. */
export class PacketReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /**
   * The next packet, or undefined at the end of the stream.
   * @throws GitError 'protocol'
   */
  async next(): Promise<Packet | undefined> {
    const digits = await this.#read(4, 'mayEnd');
    if (digits === undefined) return undefined;
    const text = digits.toString('latin1');
    if (!/^[0-9a-fA-F]{4}$/.test(text)) {
      throw new GitError(
        'protocol',
        `cannot read the answer of the remote: ${JSON.stringify(text)} is no packet length`,
      );
    }
    const length = Number.parseInt(text, 16);
    if (length === 0) return 'flush';
    if (length === 1) return 'delimiter';
    if (length === 2) return 'end';
    if (length < 4)
      throw new GitError('protocol', `cannot read the answer of the remote: ${length} is no packet length`);
    return (await this.#read(length - 4, 'mustBeThere')) ?? Buffer.alloc(0);
  }

  /** Whatever follows, unframed. */
  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#buffer.length > 0) yield this.#buffer;
    this.#buffer = Buffer.alloc(0);
    for (;;) {
      const next = await this.#pieces.next();
      if (next.done === true) return;
      yield next.value;
    }
  }

  /** Reads the end of an answer whose last packet was read, so that its connection can serve again. */
  async finish(): Promise<void> {
    for (let tries = 0; tries < 4; tries++) if ((await this.#pieces.next()).done === true) return;
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #read(length: number, atEnd: 'mayEnd' | 'mustBeThere'): Promise<Buffer | undefined> {
    while (this.#buffer.length < length) {
      const next = await this.#pieces.next();
      if (next.done === true) {
        if (atEnd === 'mayEnd' && this.#buffer.length === 0) return undefined;
        throw new GitError('protocol', 'cannot read the answer of the remote: unexpected EOF');
      }
      const piece = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      this.#buffer = this.#buffer.length === 0 ? piece : Buffer.concat([this.#buffer, piece]);
    }
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }
}

/** The text of a packet without its line end. */
export function lineOf(packet: Buffer): string {
  return packet.toString('utf8').replace(/\n$/, '');
}
