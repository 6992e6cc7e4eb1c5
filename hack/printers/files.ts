import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { printedFiles, printedFolders, staleFiles } from './outputs.ts';

/** The printed folders as they are on disk. @param root of the repository */
export function readPrinted(root: string): ReadonlyMap<string, string> {
  const paths = printedFolders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => globSync(`${folder}/*.*`, { cwd: root }));
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/** Brings the printed folders up to date and says what changed. @param root of the repository */
export function writePrinted(root: string): readonly string[] {
  const printed = printedFiles();
  const onDisk = readPrinted(root);
  const stale = staleFiles(printed, onDisk);
  for (const [path, content] of printed) {
    if (onDisk.get(path) === content) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  for (const path of onDisk.keys()) if (!printed.has(path)) rmSync(join(root, path));
  return stale;
}
