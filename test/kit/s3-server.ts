import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, keepProcesses, untilReady } from '#cluster';
import { toolPath } from '#tools';
import { request } from 'undici';

/** A small S3 server (`gofakes3`) on loopback. It looks at no signature. */
export interface S3Server extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  createBucket(bucket: string): Promise<void>;
  put(bucket: string, key: string, content: string): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;
}

export async function startS3Server(): Promise<S3Server> {
  const command = await toolPath('gofakes3');
  const dir = await mkdtemp(join(tmpdir(), 'sluice-s3-'));
  const keeper = keepProcesses({ dir, removeDir: true });
  const host = `127.0.0.1:${await freePort()}`;
  const child = keeper.start({ name: 's3', command, args: ['-backend', 'memory', '-host', host] });
  const send = async (method: 'PUT' | 'DELETE' | 'GET', path: string, body?: string): Promise<void> => {
    const answer = await request(`http://${host}/${path}`, { method, body: body ?? null });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`cannot ${method} "${path}": ${answer.statusCode}: ${text}`);
  };
  const answers = (): Promise<true | undefined> =>
    send('GET', '').then(
      () => true as const,
      () => undefined,
    );
  await untilReady(child, answers, { timeoutMs: 20_000 });
  const path = (bucket: string, key: string): string => `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  return {
    host,
    createBucket: (bucket) => send('PUT', bucket),
    put: (bucket, key, content) => send('PUT', path(bucket, key), content),
    remove: (bucket, key) => send('DELETE', path(bucket, key)),
    [Symbol.asyncDispose]: () => keeper.stop(),
  };
}
