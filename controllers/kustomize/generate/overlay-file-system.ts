import type { FileSystem } from '#kustomize';

/** A file system in which one file, new or not, has other content: the artifact below is shared and must not be written to. */
export function overlayFile(below: FileSystem, path: string, content: string): FileSystem {
  return {
    readFile: (other) => (other === path ? content : below.readFile(other)),
    isFile: (other) => other === path || below.isFile(other),
    isDirectory: (other) => other !== path && below.isDirectory(other),
    realPath: (other) => (other === path ? path : below.realPath(other)),
  };
}
