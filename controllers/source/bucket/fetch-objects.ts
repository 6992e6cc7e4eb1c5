import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mapLimit } from '#concurrency';
import type { Bucket } from '#crds';
import { ignoreFileName } from '#git';
import type { SourceAttempt } from '../attempt.ts';
import { type BucketClient, BucketError, mostObjectBytes } from './bucket-client.ts';
import { bucketFailure, type Listing, operationDeadline } from './list-bucket.ts';
import type { ObjectIndex } from './object-index.ts';

const mostDownloads = 16;

/**
 * Downloads what was listed into a folder. An object that is gone meanwhile is left out, one that has changed counts as it was read.
 * @returns the index of what was really downloaded
 * @throws ReconcileError 'BucketOperationFailed'
 */
export async function fetchObjects(
  attempt: SourceAttempt<Bucket>,
  client: BucketClient,
  { index, ignoreFile }: Listing,
  dir: string,
): Promise<ObjectIndex> {
  using timer = operationDeadline(attempt);
  const budget = { left: mostObjectBytes };
  try {
    await mkdir(dir, { recursive: true });
    const found = await mapLimit(
      [...index.keys()],
      mostDownloads,
      async (key): Promise<[string, string] | undefined> => {
        const object = await client.fetch(key, timer.signal);
        if (object === undefined) return undefined;
        await writeObject(pathOf(dir, key), object.content, budget);
        return [key, object.etag];
      },
    );
    // It goes into the archive although it is not in the index (source spec 2.7).
    if (ignoreFile !== undefined) await writeFile(join(dir, ignoreFileName), ignoreFile, { mode: 0o600 });
    return new Map(found.filter((entry) => entry !== undefined));
  } catch (error) {
    throw bucketFailure(attempt, `fetch from bucket '${attempt.object.spec.bucketName}' failed`, error);
  }
}

/** Keys may be anything; only those that are paths below the folder can be files in it. */
export function pathOf(dir: string, key: string): string {
  const parts = key.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..') || /[\\\0]/.test(key)) {
    throw new BucketError(`object key ${JSON.stringify(key)} is no path of a file`);
  }
  return join(dir, ...parts);
}

async function writeObject(path: string, content: AsyncIterable<Uint8Array>, budget: { left: number }): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await using file = await open(path, 'wx', 0o600);
    for await (const piece of content) {
      budget.left -= piece.length;
      if (budget.left < 0) throw new BucketError(`the objects have more than ${mostObjectBytes} bytes`);
      await file.writeFile(piece);
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EEXIST' && code !== 'ENOTDIR' && code !== 'ENAMETOOLONG' && code !== 'EISDIR') throw error;
    // `a` and `a/b` can both be keys, but not both files.
    throw new BucketError(`an object key cannot be stored as a file: ${code}`, { cause: error });
  }
}
