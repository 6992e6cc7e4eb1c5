import { open, rename, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A holder renews its lock this often; a lock that nobody renewed for `staleMs` belongs to a process that died. */
const renewMs = 2_000;
const staleMs = 20_000;

export interface FileLockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once when another process holds the lock. */
  readonly onWait?: () => void;
}

/**
 * Holds a lock between processes of one machine until it is disposed. Age decides who is dead, not the process id, so
 * a cache folder mounted into a container works too. Two waiters that both find a dead lock may both get it: what is
 * done under it must end in one atomic rename.
 */
export async function lockFile(path: string, options: FileLockOptions = {}): Promise<AsyncDisposable> {
  let told = false;
  for (;;) {
    options.signal?.throwIfAborted();
    if (await create(path)) break;
    if (await isStale(path)) {
      await rename(path, `${path}.stale.${process.pid}`).catch(() => undefined);
      await rm(`${path}.stale.${process.pid}`, { force: true });
      continue;
    }
    if (!told) options.onWait?.();
    told = true;
    await sleep(300, undefined, options.signal ? { signal: options.signal } : {});
  }
  const renewal = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, renewMs);
  renewal.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      await rm(path, { force: true });
    },
  };
}

async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${process.pid}\n`);
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > staleMs;
}
