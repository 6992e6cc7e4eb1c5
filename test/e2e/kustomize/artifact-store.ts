import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { dirname } from 'node:path/posix';
import { gzipBytes, tarBytes, type TarEntry } from '#artifact';

/** A stand-in for source-controller's store: archives by their path, over HTTP. */
export interface ArtifactStore extends AsyncDisposable {
  /** Stores an archive of the files. */
  put(files: Readonly<Record<string, string>>): Promise<StoredArchive>;
  /** Serves these bytes as an archive, whatever they are. */
  putBytes(bytes: Buffer): StoredArchive;
  /** From now on the archive answers 404. */
  remove(archive: StoredArchive): void;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
}

export interface StoredArchive {
  readonly url: string;
  readonly path: string;
  /** `sha256:<hex>`. */
  readonly digest: string;
  readonly size: number;
}

export async function startArtifactStore(): Promise<ArtifactStore> {
  const archives = new Map<string, Buffer>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const bytes = archives.get(path);
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('cannot start the artifact store: no TCP address');
  const putBytes = (bytes: Buffer): StoredArchive => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    const path = `/${hex}.tar.gz`;
    archives.set(path, bytes);
    return { url: `http://127.0.0.1:${address.port}${path}`, path, digest: `sha256:${hex}`, size: bytes.length };
  };
  return {
    async put(files) {
      const pieces: Buffer[] = [];
      for await (const piece of gzipBytes(tarBytes(entriesOf(files)))) pieces.push(piece);
      return putBytes(Buffer.concat(pieces));
    },
    putBytes,
    remove: ({ path }) => void archives.delete(path),
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function entriesOf(files: Readonly<Record<string, string>>): readonly TarEntry[] {
  const folders = new Set(Object.keys(files).flatMap(parents));
  return [
    ...[...folders]
      .toSorted()
      .map((name): TarEntry => ({ name: `${name}/`, type: 'directory', mode: 0o750, sizeBytes: 0 })),
    ...Object.entries(files).map(([name, text]): TarEntry => {
      const content = Buffer.from(text);
      return { name, type: 'file', mode: 0o600, sizeBytes: content.length, content };
    }),
  ];
}

function parents(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === '.' ? [] : [...parents(parent), parent];
}
