import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ArtifactError, gzipBytes, readTar, type TarEntry, tarBytes, tarModes } from '#artifact';
import { type Chart, chartOf } from './chart.ts';
import { HelmError } from './helm-error.ts';

/** Bounds of what a chart may be, in bytes. */
export interface ChartLimits {
  /** Of the archive. */
  readonly chartBytes: number;
  /** Of one file in it. */
  readonly fileBytes: number;
}

const mostFiles = 20_000;
/** Of all files together, unpacked: Helm's own limit. */
const mostUnpackedBytes = 100 * 1024 * 1024;

/**
 * Reads a packed chart.
 * @throws HelmError 'badChart' | 'tooLarge'
 */
export async function readChartArchive(archive: Buffer, limits: ChartLimits): Promise<Chart> {
  if (archive.length > limits.chartBytes) {
    throw new HelmError('tooLarge', `chart exceeds the maximum chart size of ${limits.chartBytes} bytes`);
  }
  const unzip = createGunzip();
  try {
    return chartOf(await readFiles(Readable.from([archive]).pipe(unzip), limits));
  } catch (error) {
    const fromArchive =
      error instanceof ArtifactError ||
      (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'));
    if (!fromArchive) throw error;
    throw new HelmError('badChart', `cannot read chart archive: ${error.message}`, { cause: error });
  } finally {
    unzip.destroy();
  }
}

async function readFiles(tar: AsyncIterable<Uint8Array>, limits: ChartLimits): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let total = 0;
  for await (const entry of readTar(tar)) {
    if (entry.type === 'directory') continue;
    if (entry.type !== 'file')
      throw new HelmError('badChart', `chart has an illegal entry ${JSON.stringify(entry.name)}`);
    const path = pathInChart(entry.name);
    total += entry.sizeBytes;
    if (entry.sizeBytes > limits.fileBytes) {
      throw new HelmError('tooLarge', `chart file ${path} is larger than the maximum file size ${limits.fileBytes}`);
    }
    if (total > mostUnpackedBytes || files.size === mostFiles) {
      throw new HelmError('tooLarge', `chart unpacks to more than ${mostUnpackedBytes} bytes or ${mostFiles} files`);
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of entry.content) pieces.push(Buffer.from(piece));
    files.set(path, Buffer.concat(pieces));
  }
  return files;
}

/** Everything in a chart archive is in one folder, whose name does not matter. */
function pathInChart(name: string): string {
  const parts = name
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '.');
  const illegal = name.startsWith('/') || name.includes('\0') || /^[A-Za-z]:/.test(name);
  if (illegal || parts.length < 2 || parts.some((part) => part === '' || part === '..')) {
    throw new HelmError(
      'badChart',
      `chart illegally contains content outside the base directory: ${JSON.stringify(name)}`,
    );
  }
  return parts.slice(1).join('/');
}

/** The chart as an archive; equal charts give equal bytes. */
export function packChart({ metadata, files }: Chart): AsyncGenerator<Buffer> {
  const entries = [...files]
    .toSorted(([a], [b]) => rank(a) - rank(b) || Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([path, content]): TarEntry => {
      const name = `${metadata.name}/${path}`;
      return { name, type: 'file', mode: tarModes.file, sizeBytes: content.length, content };
    });
  return gzipBytes(tarBytes(entries));
}

/** Readers that stop early find what describes the chart first. */
function rank(path: string): number {
  return path === 'Chart.yaml' ? 0 : 1;
}
