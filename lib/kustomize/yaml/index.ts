export { YamlError, type YamlErrorCode } from './error.ts';
export { fromJson, goJsonMarshal, type JsonValue, toJson } from './json.ts';
export {
  assignScalar,
  cloneNode,
  equalNodes,
  MapNode,
  type Node,
  scalar,
  ScalarNode,
  type ScalarStyle,
  SeqNode,
} from './node.ts';
export { print, printDocuments } from './printer.ts';
export { blockScalar, inlineScalar, isSimpleKey, printV3, type PrintV3Options } from './printer-v3.ts';
export {
  type CommentedDocument,
  type Limits,
  readDocuments,
  readDocumentsWithComments,
  type ReadOptions,
  readYamlV2,
} from './reader.ts';
export { isBase60 } from './scalars.ts';
export type { SourceComment } from './scanner.ts';
