import { YamlError } from './error.ts';
import { MapNode, type Node, ScalarNode, SeqNode } from './node.ts';
import { parseGoFloat, parseGoInt, resolvePlain } from './scalars.ts';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';

/**
 * What Go's encoding/json would hold. An integer that a double cannot hold exactly is a bigint; every `number` prints
 * in JSON as Go prints the same float64 or int64, so no other mark is needed.
 */
export type JsonValue = null | boolean | string | number | bigint | JsonValue[] | { [key: string]: JsonValue };

/**
 * The value that go-yaml would decode and encoding/json accept.
 * @throws YamlError 'value' for a scalar that does not fit its tag, `.inf` and `.nan`; 'key' for a non-string key
 */
export function toJson(node: Node): JsonValue {
  switch (node.kind) {
    case 'scalar':
      return scalarToJson(node);
    case 'seq':
      return node.items.map((item) => toJson(item));
    case 'map': {
      const object: { [key: string]: JsonValue } = {};
      for (let i = 0; i < node.keyNodes.length; i++) {
        const key = node.keyNodes[i];
        const value = node.values[i];
        if (key === undefined || value === undefined) continue;
        if (key.tag !== '!!str') throw nonStringKey(key);
        if (key.value === '__proto__') {
          Object.defineProperty(object, key.value, {
            value: toJson(value),
            enumerable: true,
            writable: true,
            configurable: true,
          });
        } else object[key.value] = toJson(value);
      }
      return object;
    }
  }
}

/** Whether a key stands for a mapping or sequence that was one. */
export function isCollectionKey(key: ScalarNode): boolean {
  return key.tag === '!!map' || key.tag === '!!seq';
}

/** The last words of kustomize about a key that is no string; before them it dumps the Go value. */
export function nonStringKey(key: ScalarNode): YamlError {
  if (isCollectionKey(key)) return new YamlError('key', 'yaml: invalid map key', key.line);
  if (key.tag === '!!null') {
    const problem = `line ${key.line}: mapping key "${key.value}" already defined at line ${key.line}`;
    return new YamlError('key', `yaml: unmarshal errors:\n  ${problem}`, key.line);
  }
  return new YamlError('key', 'json: unsupported type: map[interface {}]interface {}', key.line);
}

/** The value of one scalar, by its tag. */
export function scalarToJson(node: ScalarNode): null | boolean | string | number | bigint {
  const { tag, value } = node;
  switch (tag) {
    case '!!str':
      return value;
    case '!!int': {
      const parsed = resolvePlain(value, 'v3') === '!!int' ? parseGoInt(value) : undefined;
      if (parsed !== undefined) return asJsonInteger(parsed);
      break;
    }
    case '!!bool':
      if (resolvePlain(value, 'v3') === '!!bool') return value.charCodeAt(0) === 116 || value.charCodeAt(0) === 84;
      break;
    case '!!null':
      if (resolvePlain(value, 'v3') === '!!null') return null;
      break;
    case '!!float':
      return floatToJson(node);
    case '!!timestamp': {
      const time = parseTimestamp(value);
      if (time !== undefined) return formatTimestamp(time);
      break;
    }
    case '!!binary':
      return decodeBinary(node);
    default:
      return value;
  }
  throw new YamlError('value', `yaml: cannot decode ${resolvePlain(value, 'v3')} \`${value}\` as a ${tag}`, node.line);
}

function asJsonInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function floatToJson(node: ScalarNode): number {
  const resolved = resolvePlain(node.value, 'v3');
  const integer = resolved === '!!int' ? parseGoInt(node.value) : undefined;
  // An integer of 64 bits without a sign is not converted.
  if (resolved !== '!!float' && (integer === undefined || integer >= 2n ** 63n)) {
    throw new YamlError('value', `yaml: cannot decode ${resolved} \`${node.value}\` as a !!float`, node.line);
  }
  const value = integer === undefined ? parseGoFloat(node.value) : Number(integer);
  if (Number.isFinite(value)) return value;
  const name = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  throw new YamlError('value', `json: unsupported value: ${name}`, node.line);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeBinary(node: ScalarNode): string {
  const text = node.value.replaceAll(/[\r\n]/g, '');
  if (!BASE64.test(text)) throw new YamlError('value', 'yaml: !!binary value contains invalid base64 data', node.line);
  return decodeGoUtf8(Buffer.from(text, 'base64'));
}

/** Go puts one U+FFFD for every byte that is no UTF-8, Node one for a truncated sequence. */
function decodeGoUtf8(bytes: Buffer): string {
  const whole = bytes.toString('utf8');
  if (!whole.includes('\ufffd')) return whole;
  let out = '';
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i] ?? 0;
    const width = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const character = bytes.toString('utf8', i, Math.min(i + width, bytes.length));
    const valid = Buffer.byteLength(character) === width && bytes.subarray(i, i + width).equals(Buffer.from(character));
    out += valid ? character : '\ufffd';
    i += valid ? width : 1;
  }
  return out;
}

/** Nodes for a value that came out of JSON: integers are `!!int`, other numbers `!!float`. */
export function fromJson(value: JsonValue): Node {
  if (value === null) return new ScalarNode('null', '!!null');
  switch (typeof value) {
    case 'boolean':
      return new ScalarNode(String(value), '!!bool');
    case 'string':
      return new ScalarNode(value, '!!str');
    case 'bigint':
      return new ScalarNode(String(value), '!!int');
    case 'number': {
      const text = goNumber(value);
      return new ScalarNode(text, resolvePlain(text, 'v3'));
    }
    default:
  }
  if (Array.isArray(value)) return new SeqNode(value.map(fromJson));
  const map = new MapNode();
  for (const [key, item] of Object.entries(value)) map.append(new ScalarNode(key, '!!str'), fromJson(item));
  return map;
}

/** A number as encoding/json writes it. */
function goNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Go's `json.Marshal`: keys sorted by their bytes, `<`, `>`, `&`, U+2028 and U+2029 escaped. What hashes are made of. */
export function goJsonMarshal(value: JsonValue): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return goJsonString(value);
    case 'number':
      return goNumber(value);
    case 'boolean':
    case 'bigint':
      return String(value);
    default:
  }
  if (Array.isArray(value)) return `[${value.map(goJsonMarshal).join(',')}]`;
  const fields = Object.entries(value).toSorted(([a], [b]) => compareBytes(a, b));
  return `{${fields.map(([key, item]) => `${goJsonString(key)}:${goJsonMarshal(item)}`).join(',')}}`;
}

const ESCAPED = /[\u2028\u2029<>&]/g;

function goJsonString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll(
    ESCAPED,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** UTF-8 byte order, which is code point order; UTF-16 order differs for astral characters. */
function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const surrogates = Number(x >= 0xd800 && x <= 0xdfff) - Number(y >= 0xd800 && y <= 0xdfff);
    return surrogates === 0 ? x - y : surrogates;
  }
  return a.length - b.length;
}
