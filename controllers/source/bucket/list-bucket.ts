import { deadline, type Deadline } from '#concurrency';
import { type Bucket, parseGoDuration } from '#crds';
import { ignoreFileName, type IgnoreRules, parseIgnoreLines, rulesOf } from '#git';
import { HttpError } from '#http';
import type { SourceAttempt } from '../attempt.ts';
import { type BucketClient, BucketError } from './bucket-client.ts';
import type { ObjectIndex } from './object-index.ts';

const defaultTimeout = '60s';
const mostObjects = 500_000;
const largestIgnoreFile = 1024 * 1024;

/** What is in the bucket, and the ignore file in its root. */
export interface Listing {
  readonly index: ObjectIndex;
  readonly ignoreFile: Buffer | undefined;
}

/**
 * Lists what belongs into the archive, less what is ignored. Nothing else is downloaded but the ignore file.
 * @throws ReconcileError 'BucketOperationFailed'
 */
export async function listBucket(attempt: SourceAttempt<Bucket>, client: BucketClient): Promise<Listing> {
  const { bucketName, prefix = '', ignore = '' } = attempt.object.spec;
  using timer = operationDeadline(attempt);
  try {
    if (!(await client.exists(timer.signal))) throw new BucketError(`bucket '${bucketName}' not found`);
  } catch (error) {
    const isAbsent = error instanceof BucketError && error.message.endsWith('not found');
    const what = isAbsent ? '' : `failed to confirm existence of '${bucketName}' bucket`;
    throw bucketFailure(attempt, what, error);
  }
  try {
    const ignoreFile = await readIgnoreFile(client, timer.signal);
    const lines = [...parseIgnoreLines(ignoreFile?.toString('utf8') ?? ''), ...parseIgnoreLines(ignore)];
    const index = await listObjects(client, prefix, rulesOf(lines), timer.signal);
    return { index, ignoreFile };
  } catch (error) {
    throw bucketFailure(attempt, `indexation of objects from bucket '${bucketName}' failed`, error);
  }
}

async function readIgnoreFile(client: BucketClient, signal: AbortSignal): Promise<Buffer | undefined> {
  const found = await client.fetch(ignoreFileName, signal);
  if (found === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of found.content) {
    bytes += piece.length;
    if (bytes > largestIgnoreFile) throw new BucketError(`${ignoreFileName} is larger than ${largestIgnoreFile} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function listObjects(
  client: BucketClient,
  prefix: string,
  rules: IgnoreRules,
  signal: AbortSignal,
): Promise<ObjectIndex> {
  const index: ObjectIndex = new Map();
  for await (const { key, etag } of client.list(prefix, signal)) {
    if (key.endsWith('/') || key === ignoreFileName || rules.excludes(key.split('/'), false)) continue;
    index.set(key, etag);
    if (index.size > mostObjects) throw new BucketError(`there are more than ${mostObjects} objects`);
  }
  return index;
}

/** The time that listing, and then fetching, may take each. */
export function operationDeadline({ object, run }: SourceAttempt<Bucket>): Deadline {
  return deadline(parseGoDuration(object.spec.timeout ?? defaultTimeout), run.signal);
}

/** Gives a failure of the service its condition; anything else stays as it is. */
export function bucketFailure(attempt: SourceAttempt<Bucket>, what: string, error: unknown): unknown {
  if (!(error instanceof BucketError) && !(error instanceof HttpError)) return error;
  const message = what === '' ? error.message : `${what}: ${error.message}`;
  return attempt.failed('FetchFailed', 'BucketOperationFailed', message, { cause: error });
}
