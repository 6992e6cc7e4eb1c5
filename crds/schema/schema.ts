/**
 * The words a custom resource is written in. A schema value is the single source of what a field is: its OpenAPI node is printed into
 * config/crd and docs/reference, the mark `comesLater` feeds `unsupportedFields`, and its TypeScript type is checked against it.
 * The types stand beside the schemas under names of their own, because isolatedDeclarations lets no exported type be inferred; a
 * difference between the two does not compile.
 */

/** A node of a structural schema, as `apiextensions.k8s.io/v1` takes it. */
export interface JsonSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly format?: 'date-time' | 'int64';
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly minItems?: number;
  readonly nullable?: boolean;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
}

/** A validation rule that the API server runs; `rule` is CEL over `self`. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

declare const valueType: unique symbol;

/** What the printers and `unsupportedFields` walk. */
export interface AnySchema {
  readonly json: JsonSchema;
  readonly isOptional: boolean;
  readonly fields?: Readonly<Record<string, AnySchema>>;
  readonly items?: AnySchema;
  readonly comesLater?: ComesLater;
}

/** Values that the API takes and this release does not act on. */
export interface ComesLater {
  readonly when: (value: unknown) => boolean;
  /** The values in words, such as `ssh:// addresses`; absent when it is all of them. */
  readonly what?: string;
}

/** A value of type T and nothing else: a schema of a wider or narrower type does not fit. */
export interface Schema<T> extends AnySchema {
  readonly [valueType]?: (value: T) => T;
  readonly isOptional: false;
}

/** A field that may be left out. */
export interface OptionalSchema<T> extends AnySchema {
  readonly [valueType]?: (value: T) => T;
  readonly isOptional: true;
}

export type Infer<S> = S extends Schema<infer T> | OptionalSchema<infer T> ? T : never;

/** One schema for each field of T, optional where T is. */
export type FieldsOf<T> = {
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- an empty object is what tells an optional key
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? OptionalSchema<Required<T>[K]> : Schema<T[K]>;
};

/** What every field may carry. A description is Markdown; it ends up in `kubectl explain` and in the reference page. */
export interface Notes<T> {
  readonly description: string;
  /** Written into the stored object by the API server when the field is left out. */
  readonly default?: T;
  /**
   * The field is accepted, but the behaviour behind it is not built yet: `true` for any value, else for some.
   * Go's zero values (false, '', [], {}) never count as set.
   */
  readonly comesLater?: true | ComesLater;
}

interface StringNotes extends Notes<string> {
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: 'date-time';
}

export function string(notes: StringNotes): Schema<string> {
  return node({ type: 'string' }, notes);
}

/** One of a closed list of words. */
export function oneOf<const W extends string>(words: readonly W[], notes: Notes<W>): Schema<W> {
  return node({ type: 'string', enum: words }, notes);
}

interface IntegerNotes extends Notes<number> {
  readonly minimum?: number;
}

export function integer(notes: IntegerNotes): Schema<number> {
  return node({ type: 'integer', format: 'int64' }, notes);
}

export function boolean(notes: Notes<boolean>): Schema<boolean> {
  return node({ type: 'boolean' }, notes);
}

const intervalPattern = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$';
const timeoutPattern = '^([0-9]+(\\.[0-9]+)?(ms|s|m))+$';

/** A Go duration such as `1h30m`; `parseGoDuration` reads it. The API refuses signs and units below a millisecond. */
export function duration(notes: Notes<string>): Schema<string> {
  return string({ ...notes, pattern: intervalPattern });
}

/** A Go duration that may not use hours: the API's form for timeouts of one operation. */
export function shortDuration(notes: Notes<string>): Schema<string> {
  return string({ ...notes, pattern: timeoutPattern });
}

/** RFC 3339 in UTC with whole seconds. */
export function time(notes: Notes<string>): Schema<string> {
  return string({ ...notes, format: 'date-time' });
}

interface ArrayNotes<T> extends Notes<readonly T[]> {
  readonly minItems?: number;
  readonly listType?: 'atomic' | 'set';
  /** Makes the list a map in the API: entries are merged by these keys and two equal ones are refused. */
  readonly mapKeys?: readonly string[];
}

export function array<T>(items: Schema<T>, notes: ArrayNotes<T>): Schema<readonly T[]> {
  const { listType, mapKeys, ...rest } = notes;
  const list = mapKeys ? ({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': mapKeys } as const) : {};
  const typed = listType ? ({ 'x-kubernetes-list-type': listType } as const) : {};
  return { ...node<readonly T[]>({ type: 'array', items: items.json, ...list, ...typed }, rest), items };
}

/** Free keys, all values of one schema. */
export function map<T>(
  values: Schema<T>,
  notes: Notes<Readonly<Record<string, T>>>,
): Schema<Readonly<Record<string, T>>> {
  return node({ type: 'object', additionalProperties: values.json }, notes);
}

/** A string without a rule or description of its own, for the values of a map or a list. */
export const text: Schema<string> = { json: { type: 'string' }, isOptional: false };

interface ObjectNotes<T> extends Notes<T> {
  /** Checked by the API server on every write, in order. */
  readonly rules?: readonly CelRule[];
}

/** The compiler refuses a field that T lacks, one that is missing, and one that is optional on one side only. */
export function object<T extends object>(fields: NoInfer<FieldsOf<T>>, notes: ObjectNotes<T>): Schema<T> {
  const { rules, ...rest } = notes;
  const all: Readonly<Record<string, AnySchema>> = fields;
  const entries = Object.entries(all);
  const required = entries.filter(([, field]) => !field.isOptional).map(([name]) => name);
  const json: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, field]) => [name, field.json])),
    ...(required.length > 0 ? { required } : {}),
    ...(rules ? { 'x-kubernetes-validations': rules } : {}),
  };
  return { ...node<T>(json, rest), fields: all };
}

export function optional<T>(schema: Schema<T>): OptionalSchema<T> {
  return { ...schema, isOptional: true };
}

/** The same shape under another description, where a shared definition is used for a field. */
export function described<T>(schema: Schema<T>, notes: Notes<T>): Schema<T> {
  return { ...schema, ...node<T>(schema.json, notes) };
}

function node<T>(json: JsonSchema, notes: Notes<T>): Schema<T> {
  const { comesLater, ...rest } = notes;
  const described = { json: { ...json, ...rest }, isOptional: false } as const;
  if (comesLater === undefined) return described;
  if (comesLater === true) return { ...described, comesLater: { when: isSet } };
  return { ...described, comesLater: { ...comesLater, when: (value) => isSet(value) && comesLater.when(value) } };
}

/** For `comesLater` of a closed list: every word but these. */
export function allBut(...words: readonly string[]): ComesLater {
  return {
    when: (value) => typeof value === 'string' && !words.includes(value),
    what: `values other than ${words.join(', ')}`,
  };
}

/** Whether Go's `omitempty` would print the value: `recurseSubmodules: false` asks for nothing. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isRecord(value) || Object.keys(value).length > 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
