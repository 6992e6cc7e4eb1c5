import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Chart, chartOf } from './chart.ts';
import type { ChartLimits } from './chart-archive.ts';
import { HelmError } from './helm-error.ts';
import { type HelmIgnore, parseHelmIgnore } from './helm-ignore.ts';

const mostDepth = 64;

/**
 * Reads a chart out of a folder, less what its `.helmignore` names. Symbolic links are left out.
 * @throws HelmError 'badChart' | 'tooLarge'
 */
export async function readChartFolder(dir: string, limits: ChartLimits): Promise<Chart> {
  const ignoreFile = join(dir, '.helmignore');
  const stats = await lstat(ignoreFile).catch(() => undefined);
  const ignores = parseHelmIgnore(stats?.isFile() === true ? await readFile(ignoreFile, 'utf8') : '');
  const files = new Map<string, Buffer>();
  let total = 0;
  for await (const path of walk(dir, '', ignores, 0)) {
    const { size } = await lstat(join(dir, path));
    if (size > limits.fileBytes) {
      throw new HelmError('tooLarge', `chart file ${path} is larger than the maximum file size ${limits.fileBytes}`);
    }
    total += size;
    if (total > limits.chartBytes) {
      throw new HelmError('tooLarge', `chart exceeds the maximum chart size of ${limits.chartBytes} bytes`);
    }
    files.set(path, await readFile(join(dir, path)));
  }
  return chartOf(files);
}

async function* walk(dir: string, above: string, ignores: HelmIgnore, depth: number): AsyncGenerator<string> {
  if (depth > mostDepth) throw new HelmError('tooLarge', `chart is deeper than ${mostDepth} folders`);
  for (const entry of await readdir(join(dir, above), { withFileTypes: true })) {
    const path = above === '' ? entry.name : `${above}/${entry.name}`;
    if (ignores(path, entry.isDirectory())) continue;
    if (entry.isDirectory()) yield* walk(dir, path, ignores, depth + 1);
    else if (entry.isFile()) yield path;
  }
}
