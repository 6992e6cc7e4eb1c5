import { KustomizeError } from '../error.ts';
import { selector, type Selector } from '../kustomization/schema.ts';
import { type Decoder, int, struct, text } from '../kustomization/decode.ts';
import { splitFieldPath } from '../fields/field-path.ts';
import { select } from '../patch/selector.ts';
import { findSlots } from '../replace/slots.ts';
import type { ResMap } from '../resource/res-map.ts';
import type { Resource } from '../resource/resource.ts';
import { scalar } from '../yaml/index.ts';
import { setNamespaceField } from './namespace.ts';

/** A field of the resources that a selector finds. */
export interface ValueTarget {
  selector?: Selector;
  fieldPath?: string;
  filePathPosition?: number;
}
export const valueTarget: Decoder<ValueTarget> = struct<ValueTarget>(
  'Target',
  { selector, fieldPath: text, filePathPosition: int },
  {},
  'ignored',
);

/** The ValueAddTransformer: writes one value into fields, or inserts it into file paths that they hold. */
export function valueAdder(value: string, targets: readonly ValueTarget[]): (map: ResMap) => void {
  if (targets.length === 0) throw new KustomizeError('invalidKustomization', 'must specify at least one target');
  for (const { fieldPath, filePathPosition = 0 } of targets) {
    if (!fieldPath) throw new KustomizeError('invalidKustomization', 'fieldPath cannot be empty');
    if (filePathPosition < 0) {
      const message = `value of FilePathPosition (${filePathPosition}) cannot be negative`;
      throw new KustomizeError('invalidKustomization', message);
    }
  }
  return (map) => {
    for (const target of targets) {
      const resources = target.selector === undefined ? map.resources : select(map, target.selector);
      for (const resource of resources) addValue(resource, value, target);
    }
    map.idsChanged();
  };
}

function addValue(resource: Resource, value: string, target: ValueTarget): void {
  const path = target.fieldPath ?? '';
  if (path === 'metadata/namespace') {
    setNamespaceField(resource, value);
    return;
  }
  const parts = splitFieldPath(path)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.includes('*')) throw new KustomizeError('transformerFailed', 'wildcard is not supported in PathGetter');
  const root = { node: resource.node, set: (): void => {} };
  for (const { node, set } of findSlots(root, parts, 'scalar')) {
    if (node.kind !== 'scalar') throw new KustomizeError('transformerFailed', 'wrong node kind: expected ScalarNode');
    const position = target.filePathPosition ?? 0;
    const next = scalar(position > 0 ? insertPathPart(node.value, position - 1, value) : value);
    next.style = node.style;
    set(next);
  }
}

/** An absolute path stays one: its parts count from the first behind the slash. */
function insertPathPart(path: string, position: number, part: string): string {
  const isAbsolute = path.startsWith('/');
  const parts = path.split('/').filter((name) => name !== '');
  return `${isAbsolute ? '/' : ''}${parts.toSpliced(Math.min(position, parts.length), 0, part).join('/')}`;
}
