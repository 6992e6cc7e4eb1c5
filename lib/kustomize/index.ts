export { build, type BuildOptions, type BuildResult, type BuiltResource } from './build.ts';
export { KustomizeError, type KustomizeErrorCode } from './error.ts';
export { diskFileSystem, type FileSystem, memoryFileSystem } from './file-system.ts';
export { appendToField, newKustomization, readKustomizationLenient } from './kustomization/edit-kustomization.ts';
export { recognisedKustomizationNames } from './kustomization/read-kustomization.ts';
export type { LoadRestrictions } from './load/loader.ts';
export { parseLabelSelector } from './patch/label-selector.ts';
export { anchored } from './patch/selector.ts';
export type { Order } from './order/sort.ts';
export { ParseCache } from './resource/read-resources.ts';
export {
  cloneNode,
  equalNodes,
  fromJson,
  goJsonMarshal,
  type JsonValue,
  MapNode,
  type Node,
  print,
  printDocuments,
  readDocuments,
  readYamlV2,
  scalar,
  ScalarNode,
  SeqNode,
  toJson,
  YamlError,
} from './yaml/index.ts';
