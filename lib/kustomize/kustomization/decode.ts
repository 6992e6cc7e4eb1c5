import { KustomizeError } from '../error.ts';
import { type Node, scalar } from '../yaml/index.ts';

/**
 * Decoding as strict as Go's encoding/json with unknown fields refused: field names in any case, no coercion, the words of
 * its errors. A decoder turns a node into a value or throws; null gives undefined.
 */
export interface Decoder<T> {
  /** How Go's errors call the type. */
  readonly goType: string;
  /** What null means as an element of a list or map. */
  readonly zero: () => T;
  decode(node: Node, at: Place): T;
}

/** Where a value stands, in the words of Go's errors: the innermost struct and the path from the outermost. */
export interface Place {
  readonly struct: string;
  readonly path: string;
}

function jsonType(node: Node): string {
  switch (node.kind) {
    case 'map':
      return 'object';
    case 'seq':
      return 'array';
    case 'scalar':
      switch (node.tag) {
        case '!!bool':
          return 'bool';
        case '!!int':
        case '!!float':
          return 'number';
        default:
          return 'string';
      }
  }
}

function mismatch(what: string, goType: string, at: Place, line: number): KustomizeError {
  const target =
    at.path === '' ? `Go value of type ${goType}` : `Go struct field ${at.struct}.${at.path} of type ${goType}`;
  return new KustomizeError('invalidKustomization', `json: cannot unmarshal ${what} into ${target}`, { line });
}

const isNullNode = (node: Node): boolean => node.kind === 'scalar' && node.tag === '!!null';

function scalarDecoder<T>(goType: string, type: string, zero: T, parse: (text: string) => T | undefined): Decoder<T> {
  return {
    goType,
    zero: () => zero,
    decode(node, at) {
      if (node.kind !== 'scalar' || jsonType(node) !== type) throw mismatch(jsonType(node), goType, at, node.line);
      const value = parse(node.value);
      if (value === undefined) throw mismatch(`number ${node.value}`, goType, at, node.line);
      return value;
    },
  };
}

export const text: Decoder<string> = scalarDecoder('string', 'string', '', (value) => value);
export const flag: Decoder<boolean> = scalarDecoder('bool', 'bool', false, (value) =>
  /^(?:y|yes|true|on)$/i.test(value),
);

function parseInteger(value: string): number | undefined {
  const plain = value.replaceAll('_', '');
  const octal = /^([+-]?)0o?([0-7]+)$/.exec(plain);
  const number = octal === null ? Number(plain) : Number.parseInt(`${octal[1] ?? ''}${octal[2] ?? ''}`, 8);
  return Number.isSafeInteger(number) ? number : undefined;
}

export const int: Decoder<number> = scalarDecoder('int', 'number', 0, parseInteger);
export const int64: Decoder<number> = scalarDecoder('int64', 'number', 0, parseInteger);

/** A part that is handed on as it is. */
export const anything: Decoder<Node> = { goType: 'interface {}', zero: () => scalar(''), decode: (node) => node };

export function listOf<T>(element: Decoder<T>): Decoder<T[]> {
  const goType = `[]${element.goType}`;
  return {
    goType,
    zero: () => [],
    decode(node, at) {
      if (node.kind !== 'seq') throw mismatch(jsonType(node), goType, at, node.line);
      const list: T[] = [];
      for (const item of node.items) {
        list.push(isNullNode(item) ? element.zero() : element.decode(item, at));
      }
      return list;
    },
  };
}

/** A map keeps the order of its source. */
export function mapOf<T>(value: Decoder<T>): Decoder<Map<string, T>> {
  const goType = `map[string]${value.goType}`;
  return {
    goType,
    zero: () => new Map(),
    decode(node, at) {
      if (node.kind !== 'map') throw mismatch(jsonType(node), goType, at, node.line);
      const map = new Map<string, T>();
      for (const [key, item] of node.entries()) map.set(key, isNullNode(item) ? value.zero() : value.decode(item, at));
      return map;
    },
  };
}

/** A decoder for each field of T, so that none is forgotten. */
export type FieldDecoders<T> = { readonly [K in keyof T]-?: Decoder<Exclude<T[K], undefined>> };

/**
 * @param embedded the Go struct that a field is declared in when that is embedded in this one: errors name it
 */
export function struct<T extends object>(
  goName: string,
  fields: FieldDecoders<T>,
  embedded: Readonly<Record<string, string>> = {},
  unknownFields: 'refused' | 'ignored' = 'refused',
): Decoder<T> {
  const byLowerCase = new Map(
    Object.entries<Decoder<unknown>>(fields).map(([name, decoder]) => [name.toLowerCase(), { name, decoder }]),
  );
  return {
    goType: `types.${goName}`,
    zero: () => ({}) as T, // every field may be absent
    decode(node, at) {
      if (node.kind !== 'map') throw mismatch(jsonType(node), `types.${goName}`, at, node.line);
      const out: Record<string, unknown> = {};
      // Go reads the JSON form, whose keys are sorted: the first of several errors is the first by key.
      for (const [key, value] of [...node.entries()].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
        const field = byLowerCase.get(key.toLowerCase());
        if (field === undefined) {
          if (unknownFields === 'ignored') continue;
          throw new KustomizeError('invalidKustomization', `json: unknown field "${key}"`, { line: value.line });
        }
        if (isNullNode(value)) continue;
        const via = embedded[field.name];
        const steps = [...(at.path === '' ? [] : [at.path]), ...(via === undefined ? [] : [via]), field.name];
        out[field.name] = field.decoder.decode(value, { struct: goName, path: steps.join('.') });
      }
      return out as T; // every key was named by `fields`, and its value came from that field's decoder
    },
  };
}
