import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Release } from './versions.ts';

/** How long a release site may take to answer before the next source of a binary is tried, in ms. */
const answerMs = 5_000;
/** Longest silence inside a download that has begun, in ms. */
const stallMs = 15_000;

/**
 * Downloads one published binary to `target`, executable, once its archive has the sha256 that the project lists.
 * @throws when the site does not answer in time, has no such file, or the sum differs; `target` is not written then
 */
export async function downloadRelease(release: Release, target: string, signal?: AbortSignal): Promise<void> {
  const fileName = decodeURIComponent(release.url.slice(release.url.lastIndexOf('/') + 1));
  const wanted = parseChecksum((await download(release.checksumUrl, signal)).toString('utf8'), fileName);
  const archive = await download(release.url, signal);
  const found = createHash('sha256').update(archive).digest('hex');
  if (found !== wanted) {
    throw new Error(`cannot use "${release.url}": its sha256 is ${found}, expected ${wanted}`);
  }
  const binary = release.member === undefined ? archive : await memberOf(archive, release.member);
  await writeFile(target, binary, { mode: 0o755 });
}

/**
 * The sum of `fileName` in a checksum file, which holds either one bare sum or lines of sum and name.
 * @throws when the file does not list it
 */
export function parseChecksum(text: string, fileName: string): string {
  for (const line of text.split('\n')) {
    const [sum, name] = line.trim().split(/\s+\*?/);
    if (sum !== undefined && /^[0-9a-f]{64}$/.test(sum) && (name === undefined || name === fileName)) return sum;
  }
  throw new Error(`cannot find the checksum of "${fileName}": its release lists none`);
}

async function download(url: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(new Error(`"${url}" did not answer in ${answerMs} ms`)), answerMs);
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal });
    if (!response.ok || response.body === null) throw new Error(`"${url}" answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(new Error(`"${url}" stopped sending`)), stallMs);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

async function memberOf(archive: Buffer, name: string): Promise<Buffer> {
  const entries = Readable.from([archive]).pipe(createGunzip()).pipe(extract());
  for await (const entry of entries) {
    if (entry.header.name !== name) {
      entry.resume();
      continue;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  throw new Error(`cannot unpack "${name}": the archive has no such entry`);
}
