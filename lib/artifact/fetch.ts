import { createReadStream } from 'node:fs';
import { mkdir, open as openFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { sleep } from '#concurrency';
import { type Dispatcher, request } from 'undici';
import { ArtifactError } from './artifact-error.ts';
import { createHasher, equalHex, formatDigest, type DigestParts, readDigest } from './digest.ts';
import { type UnpackLimits, unpackTarGz } from './unpack.ts';

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  readonly dispatcher?: Dispatcher | undefined;
  /** How often a connection error or a 5xx answer is tried again (default 9, the consumer's `--http-retry`). */
  readonly retries?: number | undefined;
  /** Waits between tries double from the first to the last value (default 5 s to 30 s). */
  readonly retryDelayMs?: readonly [first: number, most: number] | undefined;
  /** `host[:port]` that replaces the host of the URL (env `SOURCE_CONTROLLER_LOCALHOST`), for a controller outside the cluster. */
  readonly hostOverride?: string | undefined;
  /** Upper bound of the download, in bytes; none by default. */
  readonly maxBytes?: number | undefined;
  /** How long the store may take to begin an answer, and may pause within one (default 30 s). */
  readonly timeoutMs?: number | undefined;
  readonly unpack?: Partial<UnpackLimits> | undefined;
}

/** Where an artifact is and what it must be. */
export interface ArtifactLocation {
  readonly url: string;
  /** Mandatory: what does not match is not handed out. */
  readonly digest: string;
}

/**
 * Downloads an artifact and unpacks it under `dir`, which must not exist or be empty. Nothing outside `dir` is written, whatever
 * the entries are called, and nothing is left there after a failure. With `dir` undefined the content is verified only.
 * @returns size of the download in bytes
 * @throws ArtifactError 'gone' (404, at once) | 'digestMismatch' | 'tooLarge' | 'badArchive' | 'unavailable' (all tries spent);
 *   the reason of `signal` when it aborts
 */
export async function fetchArtifact(
  artifact: ArtifactLocation,
  dir: string | undefined,
  options: FetchOptions = {},
): Promise<number> {
  const expected = expectedDigest(artifact);
  const url = withHost(artifact.url, options.hostOverride);
  const [first, most] = options.retryDelayMs ?? [5_000, 30_000];
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetchOnce(url, expected, dir, options);
    } catch (error) {
      if (dir !== undefined) await rm(dir, { recursive: true, force: true });
      options.signal?.throwIfAborted();
      if (!(error instanceof TransientError)) throw error;
      if (attempt >= (options.retries ?? 9)) {
        throw new ArtifactError('unavailable', `cannot download ${url}: ${error.message}`, { cause: error.cause });
      }
    }
    await sleep(Math.min(most, first * 2 ** attempt), options.signal);
  }
}

/** Worth another try; it never leaves this file. */
class TransientError extends Error {}

function expectedDigest(artifact: ArtifactLocation): DigestParts {
  try {
    return readDigest(artifact.digest);
  } catch (error) {
    throw new ArtifactError('digestMismatch', `cannot verify ${artifact.url}: ${messageOf(error)}`, { cause: error });
  }
}

function withHost(url: string, host: string | undefined): string {
  if (host === undefined || host === '') return url;
  const parsed = new URL(url);
  parsed.host = host;
  if (!host.includes(':')) parsed.port = '';
  return parsed.href;
}

async function fetchOnce(
  url: string,
  expected: DigestParts,
  dir: string | undefined,
  options: FetchOptions,
): Promise<number> {
  if (dir === undefined) return await download(url, expected, options, async () => undefined);
  // Nothing of a file is looked at before its digest is known to be right.
  const path = `${dir}.download`;
  await mkdir(dirname(dir), { recursive: true });
  try {
    await using file = await openFile(path, 'w', 0o600);
    const bytes = await download(url, expected, options, async (piece) => {
      await file.writeFile(piece);
    });
    await unpackTarGz(createReadStream(path), dir, options.unpack);
    return bytes;
  } finally {
    await rm(path, { force: true });
  }
}

async function download(
  url: string,
  expected: DigestParts,
  options: FetchOptions,
  write: (piece: Uint8Array) => Promise<void>,
): Promise<number> {
  const hasher = createHasher(expected.algorithm);
  let bytes = 0;
  for await (const piece of transient(await open(url, options))) {
    bytes += piece.length;
    if (options.maxBytes !== undefined && bytes > options.maxBytes) {
      throw new ArtifactError('tooLarge', `cannot download ${url}: larger than ${options.maxBytes} bytes`);
    }
    hasher.update(piece);
    await write(piece);
  }
  const got = hasher.digest();
  if (!equalHex(got, expected.hex)) throw mismatch(url, expected, got);
  return bytes;
}

/** Marks a broken download as worth another try. */
async function* transient(body: Readable): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      let next: IteratorResult<unknown>;
      try {
        next = await pieces.next();
      } catch (error) {
        throw new TransientError(messageOf(error), { cause: error });
      }
      if (next.done === true) return;
      if (!(next.value instanceof Uint8Array)) throw new TypeError('cannot read a download: it is not made of bytes');
      yield next.value;
    }
  } finally {
    body.destroy();
  }
}

async function open(url: string, options: FetchOptions): Promise<Readable> {
  const timeout = options.timeoutMs ?? 30_000;
  let answer: Dispatcher.ResponseData;
  try {
    answer = await request(url, {
      method: 'GET',
      headersTimeout: timeout,
      bodyTimeout: timeout,
      ...(options.signal !== undefined && { signal: options.signal }),
      ...(options.dispatcher !== undefined && { dispatcher: options.dispatcher }),
    });
  } catch (error) {
    throw new TransientError(messageOf(error), { cause: error });
  }
  if (answer.statusCode === 200) return answer.body;
  await answer.body.dump({ limit: 4096 }).catch(() => undefined);
  if (answer.statusCode === 404) throw new ArtifactError('gone', `artifact not found at ${url}`);
  const text = `the server answered status ${answer.statusCode}`;
  if (answer.statusCode >= 500) throw new TransientError(text);
  throw new ArtifactError('unavailable', `cannot download ${url}: ${text}`);
}

function mismatch(url: string, expected: DigestParts, got: string): ArtifactError {
  const computed = formatDigest({ algorithm: expected.algorithm, hex: got });
  return new ArtifactError(
    'digestMismatch',
    `failed to verify artifact ${url}: computed digest ${computed} doesn't match ${formatDigest(expected)}`,
  );
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A refused connection on two addresses is an AggregateError without words of its own.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  return error.message;
}
