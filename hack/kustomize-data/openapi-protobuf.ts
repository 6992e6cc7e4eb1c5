/** Reads the part of gnostic's OpenAPI v2 protobuf that a merge table needs. Field numbers: gnostic-models, OpenAPIv2.proto. */

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
}

function varint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  let scale = 1;
  for (let i = at; ; i++) {
    const byte = bytes[i];
    if (byte === undefined) throw new Error('cannot read protobuf: it ends inside a number');
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return [value, i + 1];
  }
}

/** Only length-delimited fields are of interest; the others are skipped. */
function* fields(bytes: Uint8Array): Generator<Field> {
  for (let at = 0; at < bytes.length; ) {
    const [key, afterKey] = varint(bytes, at);
    const wire = key % 8;
    if (wire === 0) at = varint(bytes, afterKey)[1];
    else if (wire === 1) at = afterKey + 8;
    else if (wire === 5) at = afterKey + 4;
    else if (wire === 2) {
      const [length, start] = varint(bytes, afterKey);
      at = start + length;
      yield { number: (key - wire) / 8, bytes: bytes.subarray(start, at) };
    } else throw new Error(`cannot read protobuf: wire type ${wire}, expected 0, 1, 2 or 5`);
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function first(bytes: Uint8Array, number: number): Uint8Array | undefined {
  for (const field of fields(bytes)) if (field.number === number) return field.bytes;
  return undefined;
}

/** The extensions are stored as small YAML texts: a string, a list of strings, or a list of flat maps. */
function extensionValue(yaml: string): unknown {
  const lines = yaml.trimEnd().split('\n');
  const unquote = (s: string): string => s.trim().replace(/^["'](.*)["']$/, '$1');
  if (!lines[0]?.startsWith('- ')) return unquote(lines.join('\n'));
  const items: Record<string, string>[] = [];
  const scalars: string[] = [];
  for (const line of lines) {
    const isItem = line.startsWith('- ');
    const pair = /^([A-Za-z]+):(?: (.*))?$/.exec(line.slice(2));
    if (pair === null) {
      scalars.push(unquote(line.slice(2)));
      continue;
    }
    if (isItem) items.push({});
    const item = items.at(-1);
    if (item !== undefined && pair[1] !== undefined) item[pair[1]] = unquote(pair[2] ?? '');
  }
  return scalars.length > 0 ? scalars : items;
}

function named(bytes: Uint8Array): [name: string, value: Uint8Array] {
  const name = first(bytes, 1);
  return [name === undefined ? '' : text(name), first(bytes, 2) ?? new Uint8Array()];
}

function schema(bytes: Uint8Array): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of fields(bytes)) {
    if (field.number === 1) out['$ref'] = text(field.bytes);
    else if (field.number === 21) {
      const inner = first(field.bytes, 1);
      if (inner !== undefined) out['additionalProperties'] = schema(inner);
    } else if (field.number === 22) {
      const type = first(field.bytes, 1);
      if (type !== undefined) out['type'] = text(type);
    } else if (field.number === 23) {
      const inner = first(field.bytes, 1);
      if (inner !== undefined) out['items'] = schema(inner);
    } else if (field.number === 25) out['properties'] = schemas(field.bytes);
    else if (field.number === 31) {
      const [name, value] = named(field.bytes);
      const yaml = first(value, 2);
      if (name.startsWith('x-kubernetes-') && yaml !== undefined) out[name] = extensionValue(text(yaml));
    }
  }
  return out;
}

function schemas(bytes: Uint8Array): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of fields(bytes)) {
    if (field.number !== 1) continue;
    const [name, value] = named(field.bytes);
    out[name] = schema(value);
  }
  return out;
}

/** The `definitions` of an OpenAPI v2 document, as far as a merge table needs them. */
export function readDefinitions(document: Uint8Array): Record<string, unknown> {
  const definitions = first(document, 9);
  if (definitions === undefined) throw new Error('cannot read OpenAPI document: it has no definitions');
  return schemas(definitions);
}
