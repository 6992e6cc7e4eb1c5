import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceAttempt } from './attempt.ts';
import type { StoringObject } from './check-storage.ts';

/** A folder for one run, removed with everything in it. */
export interface ScratchFolder extends AsyncDisposable {
  readonly path: string;
}

/** @throws ReconcileError 'DirectoryCreationFailed' */
export async function openScratchFolder<T extends StoringObject>(
  attempt: SourceAttempt<T>,
  temporaryDir: string,
): Promise<ScratchFolder> {
  const { kind, metadata } = attempt.object;
  try {
    const path = await mkdtemp(join(temporaryDir, `${kind.toLowerCase()}-${attempt.namespace}-${metadata.name}-`));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `failed to create temporary working directory: ${why}`;
    throw attempt.failed('StorageOperationFailed', 'DirectoryCreationFailed', message, { cause: error });
  }
}
