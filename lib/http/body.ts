import { HttpError } from './http-error.ts';
import { type Answer, quoted, requestError } from './send.ts';

/**
 * The pieces of a body as they come.
 * @throws HttpError 'tooLarge' after `maxBytes`, and what `send` throws when it breaks off
 */
export async function* bodyBytes(answer: Answer, maxBytes: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  const pieces: AsyncIterator<unknown> = answer.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      let next: IteratorResult<unknown>;
      try {
        next = await pieces.next();
      } catch (error) {
        throw requestError(error, 'GET', answer.url, signal);
      }
      if (next.done === true) return;
      if (!(next.value instanceof Uint8Array)) throw new TypeError('cannot read a body: it is not made of bytes');
      bytes += next.value.length;
      if (bytes > maxBytes) {
        throw new HttpError('tooLarge', `${quoted('GET', answer.url)}: larger than ${maxBytes} bytes`);
      }
      yield next.value;
    }
  } finally {
    // Destroying a body that ended changes nothing; one that has not must not hold its connection.
    answer.body.on('error', () => undefined).destroy();
  }
}

/** A body as a whole. */
export async function readBody(answer: Answer, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bodyBytes(answer, maxBytes, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The beginning of a body that may be anything, for an error text; never throws. */
export async function readShort(answer: Answer, signal: AbortSignal): Promise<string> {
  try {
    return (await readBody(answer, 64 * 1024, signal)).toString('utf8');
  } catch {
    return ''; // the status alone says enough
  }
}

/** Gives the connection back without looking at the body. */
export async function discard(answer: Answer): Promise<void> {
  await answer.body.dump({ limit: 64 * 1024 }).catch(() => undefined);
}
