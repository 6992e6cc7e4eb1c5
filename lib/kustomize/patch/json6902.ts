import { KustomizeError } from '../error.ts';
import { isNull, scalarText } from '../resource/resource.ts';
import {
  assignScalar,
  cloneNode,
  equalNodes,
  fromJson,
  type JsonValue,
  type MapNode,
  type Node,
  readYamlV2,
  scalar,
  ScalarNode,
  type SeqNode,
  toJson,
  YamlError,
} from '../yaml/index.ts';
import { formatGoFloat } from '../yaml/numbers.ts';
import { resolvePlain } from '../yaml/scalars.ts';

/** One operation. `value` is undefined when the patch gives none. */
export interface JsonOperation {
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: Node | undefined;
}

/**
 * Reads a JSON6902 patch, in JSON or YAML 1.1.
 * @throws KustomizeError 'invalidKustomization' when the text is no list of operations
 */
export function parseJsonPatch(text: string): JsonOperation[] {
  if (text === '') throw unreadable('empty json patch operations');
  let node: Node;
  try {
    // A text that starts like JSON is JSON to kustomize: YAML's flow lists are refused.
    if (text.startsWith('[')) JSON.parse(text);
    node = readYamlV2(text);
  } catch (error) {
    if (error instanceof YamlError || error instanceof SyntaxError) throw unreadable(error.message);
    throw error;
  }
  if (isNull(node)) return [];
  if (node.kind !== 'seq') throw unreadable('expected a list of operations');
  return node.items.map((item) => {
    if (item.kind !== 'map') throw unreadable('expected an operation to be a map');
    const value = item.get('value');
    return {
      op: scalarText(item.get('op')),
      path: scalarText(item.get('path')),
      from: scalarText(item.get('from')),
      value: value === undefined ? undefined : plainJson(cloneNode(value)),
    };
  });
}

function unreadable(reason: string): KustomizeError {
  return new KustomizeError('invalidKustomization', `unable to parse JSON patch: ${reason}`);
}

/** Applies the operations in place, with the habits of the library that kustomize uses. */
export function applyJsonPatch(root: MapNode, operations: readonly JsonOperation[]): void {
  plainJson(root);
  for (const operation of operations) applyOperation(root, operation);
}

/** Numbers that JSON writes in the same way. */
const PLAIN_INTEGER = /^(?:0|-?[1-9]\d{0,5})$/;

/**
 * The whole object passes through JSON with numbers as doubles: integers that a double cannot hold change, and all scalars
 * are spelled and quoted as Go does.
 */
function plainJson<T extends Node>(node: T): T {
  switch (node.kind) {
    case 'scalar':
      passThroughJson(node);
      break;
    case 'map':
      for (const value of node.values) plainJson(value);
      break;
    case 'seq':
      for (const item of node.items) plainJson(item);
      break;
  }
  return node;
}

function passThroughJson(node: ScalarNode): void {
  switch (node.tag) {
    case '!!str':
      // Texts of several lines keep their style: how they were folded decides what is printed.
      if (!node.value.includes('\n')) node.style = resolvePlain(node.value, 'v3') === '!!str' ? 'plain' : 'double';
      return;
    case '!!int':
      if (PLAIN_INTEGER.test(node.value)) node.style = 'plain';
      else assignScalar(node, doubleOf(node));
      return;
    case '!!float':
      assignScalar(node, doubleOf(node));
      return;
    case '!!bool':
      // Words of YAML 1.1 come from a patch in YAML.
      assignScalar(node, fromJsonScalar(/^(?:y|yes|true|on)$/i.test(node.value)));
      return;
    case '!!null':
      assignScalar(node, fromJsonScalar(null));
      return;
    default:
  }
}

/** The scalar that JSON with only doubles for numbers makes of another. */
function doubleOf(node: ScalarNode): ScalarNode {
  const value = toJson(node);
  if (typeof value !== 'bigint' && typeof value !== 'number') return fromJsonScalar(value);
  const text = formatGoFloat(Number(value));
  return new ScalarNode(text, resolvePlain(text, 'v3'));
}

function fromJsonScalar(value: JsonValue): ScalarNode {
  const node = fromJson(value);
  return node.kind === 'scalar' ? node : scalar('');
}

type Container = MapNode | SeqNode;

function applyOperation(root: MapNode, { op, path, from, value }: JsonOperation): void {
  switch (op) {
    case 'add':
      add(locate(root, path, 'add'), path, value);
      return;
    case 'remove':
      remove(locate(root, path, 'remove'), path);
      return;
    case 'replace':
      replace(locate(root, path, 'replace'), path, value);
      return;
    case 'test':
      test(root, path, value);
      return;
    case 'move': {
      const source = locate(root, from, 'move');
      const moved = read(source.container, source.key);
      if (moved === undefined)
        throw failed(
          `error in move for path: '${from}': Unable to remove nonexistent key: ${source.key}: missing value`,
        );
      remove(source, from);
      add(locate(root, path, 'move'), path, moved);
      return;
    }
    case 'copy': {
      const source = locate(root, from, 'copy');
      const copied = read(source.container, source.key);
      add(locate(root, path, 'copy'), path, copied === undefined ? undefined : cloneNode(copied));
      return;
    }
    default:
      throw failed(`Unexpected kind: ${op}`);
  }
}

const failed = (message: string): KustomizeError => new KustomizeError('patchFailed', message);

interface Location {
  readonly container: Container;
  readonly key: string;
}

function find(root: MapNode, path: string): Location | undefined {
  const parts = path.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = parts.pop();
  if (key === undefined || parts.length === 0) return undefined;
  let container: Container = root;
  for (const part of parts.slice(1)) {
    const next = read(container, part);
    if (next === undefined || next.kind === 'scalar') return undefined;
    container = next;
  }
  return { container, key };
}

function locate(root: MapNode, path: string, op: string): Location {
  const location = find(root, path);
  if (location === undefined)
    throw failed(`${op} operation does not apply: doc is missing path: "${path}": missing value`);
  return location;
}

function read(container: Container, key: string): Node | undefined {
  if (container.kind === 'map') return container.get(key);
  const index = parseIndex(key);
  if (index === undefined) return undefined;
  return container.items.at(index < -container.items.length ? container.items.length : index);
}

function parseIndex(key: string): number | undefined {
  return /^[+-]?\d+$/.test(key) ? Number.parseInt(key, 10) : undefined;
}

function demandIndex(key: string): number {
  const index = parseIndex(key);
  if (index === undefined) throw failed(`strconv.Atoi: parsing "${key}": invalid syntax`);
  return index;
}

const outOfRange = (index: number): KustomizeError =>
  failed(`Unable to access invalid index: ${index}: invalid index referenced`);

function add({ container, key }: Location, path: string, given: Node | undefined): void {
  const value = given === undefined ? fromJson(null) : cloneNode(given);
  if (container.kind === 'map') {
    container.set(key, value);
    return;
  }
  if (key === '-') {
    container.items.push(value);
    return;
  }
  const index = parseIndex(key);
  if (index === undefined) {
    throw failed(
      `error in add for path: '${path}': value was not a proper array index: '${key}': strconv.Atoi: parsing "${key}": invalid syntax`,
    );
  }
  const size = container.items.length + 1;
  if (index >= size || index < -size) throw outOfRange(index).wrap(`error in add for path: '${path}'`);
  container.items.splice(index < 0 ? index + size : index, 0, value);
}

function remove({ container, key }: Location, path: string): void {
  if (container.kind === 'map') {
    if (!container.delete(key))
      throw failed(`error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`);
    return;
  }
  const index = demandIndex(key);
  const size = container.items.length;
  if (index >= size || index < -size) throw outOfRange(index).wrap(`error in remove for path: '${path}'`);
  container.items.splice(index < 0 ? index + size : index, 1);
}

/** A missing key of a map is added, against the RFC. */
function replace({ container, key }: Location, path: string, given: Node | undefined): void {
  const value = given === undefined ? fromJson(null) : cloneNode(given);
  if (container.kind === 'map') {
    container.set(key, value);
    return;
  }
  const index = parseIndex(key);
  const size = container.items.length;
  if (index === undefined || index >= size || index < -size) {
    throw failed(`replace operation does not apply: doc is missing key: ${path}: missing value`);
  }
  container.items[index < 0 ? index + size : index] = value;
}

function test(root: MapNode, path: string, expected: Node | undefined): void {
  const { container, key } = locate(root, path, 'test');
  const actual = read(container, key);
  const wanted = expected !== undefined && isNull(expected) ? undefined : expected;
  const found = actual !== undefined && isNull(actual) ? undefined : actual;
  if (found === wanted) return;
  if (found === undefined || wanted === undefined || !equalJson(found, wanted))
    throw failed(`testing value ${path} failed: test failed`);
}

/** Compared as JSON: how a string was quoted or tagged in the source does not count. */
function equalJson(a: Node, b: Node): boolean {
  return equalNodes(untagged(cloneNode(a)), untagged(cloneNode(b)));
}

function untagged(node: Node): Node {
  if (node.kind === 'seq') node.items = node.items.map(untagged);
  if (node.kind === 'map') for (const [i, value] of node.values.entries()) node.setAt(i, untagged(value));
  if (node.kind === 'scalar' && node.tag === '!!timestamp') return scalar(node.value);
  return node;
}
