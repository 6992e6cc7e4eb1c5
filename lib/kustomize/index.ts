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
  blockScalar,
  cloneNode,
  type CommentedDocument,
  equalNodes,
  fromJson,
  goJsonMarshal,
  inlineScalar,
  isBase60,
  isSimpleKey,
  type JsonValue,
  MapNode,
  type Node,
  print,
  printDocuments,
  readDocuments,
  readDocumentsWithComments,
  readYamlV2,
  scalar,
  ScalarNode,
  SeqNode,
  type SourceComment,
  toJson,
  YamlError,
} from './yaml/index.ts';
