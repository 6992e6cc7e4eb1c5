import type { FileSystem } from '#kustomize';

/** A file system with other content for some of its files, which stay as they are below. Paths are resolved ones. */
export function overlay(files: FileSystem, contents: ReadonlyMap<string, Uint8Array>): FileSystem {
  if (contents.size === 0) return files;
  return {
    ...files,
    readFile: (path) => contents.get(files.realPath(path)) ?? files.readFile(path),
  };
}
