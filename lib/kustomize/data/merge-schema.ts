/**
 * What a strategic merge needs to know of an OpenAPI document: which lists merge, and by which keys. Everything else of the
 * document is dropped, so that the table of a whole Kubernetes release stays small and loads in no time.
 */

/** How one field of a definition takes part in a merge. */
export interface MergeField {
  /** Definition of the value (a map), or of the elements when the value is a list. */
  readonly def?: string;
  /** The value is a list that merges by these keys; an empty array: a list of scalars that merges as a set. */
  readonly keys?: readonly string[];
  /** The value is a list (of `def`); without `keys` it is replaced whole. */
  readonly list?: true;
}

/** Fields of a definition by name; `*` stands for every other field (additionalProperties). */
export type MergeDefinition = Readonly<Record<string, MergeField>>;

export interface MergeSchema {
  /** Definition name by `apiVersion|kind`. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly definitions: Readonly<Record<string, MergeDefinition>>;
}

type Json = unknown;

function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectAt(value: Json, key: string): Readonly<Record<string, Json>> {
  const child = isObject(value) ? value[key] : undefined;
  return isObject(child) ? child : {};
}

function stringAt(value: Json, key: string): string | undefined {
  const child = isObject(value) ? value[key] : undefined;
  return typeof child === 'string' ? child : undefined;
}

const refName = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

/** Strategies are a comma list (`merge,retainKeys`); a list merges when `merge` is one of them. */
function mergeKeys(schema: Json): readonly string[] | undefined {
  const strategy = stringAt(schema, 'x-kubernetes-patch-strategy');
  if (strategy === undefined || !strategy.split(',').includes('merge')) return undefined;
  const listKeys = isObject(schema) ? schema['x-kubernetes-list-map-keys'] : undefined;
  if (Array.isArray(listKeys)) return listKeys.filter((k) => typeof k === 'string');
  const key = stringAt(schema, 'x-kubernetes-patch-merge-key');
  return key === undefined ? [] : [key];
}

/** Turns the `definitions` of an OpenAPI v2 document into a merge table without what no list merges below. */
export function compileMergeSchema(openApiDefinitions: Json): MergeSchema {
  return prune(compileMergeDefinitions(openApiDefinitions));
}

/** The whole table, to lay over another. Inline objects get a name of their own. */
export function compileMergeDefinitions(openApiDefinitions: Json): MergeSchema {
  const definitions: Record<string, Record<string, MergeField>> = {};
  const kinds: Record<string, string> = {};

  const field = (schema: Json, owner: string): MergeField => {
    const ref = stringAt(schema, '$ref');
    if (ref !== undefined) return { def: refName(ref) };
    if (stringAt(schema, 'type') === 'array') {
      const element = field(objectAt(schema, 'items'), `${owner}[]`);
      const keys = mergeKeys(schema);
      return {
        list: true,
        ...(element.def === undefined || element.list ? {} : { def: element.def }),
        ...(keys === undefined ? {} : { keys }),
      };
    }
    return addDefinition(owner, schema) ? { def: owner } : {};
  };
  const addDefinition = (name: string, schema: Json): boolean => {
    const fields: Record<string, MergeField> = {};
    for (const [key, value] of Object.entries(objectAt(schema, 'properties')))
      fields[key] = field(value, `${name}.${key}`);
    const additional = isObject(schema) ? schema['additionalProperties'] : undefined;
    if (isObject(additional)) fields['*'] = field(additional, `${name}.*`);
    if (Object.keys(fields).length === 0) return false;
    definitions[name] = fields;
    return true;
  };

  if (isObject(openApiDefinitions)) {
    for (const [name, schema] of Object.entries(openApiDefinitions)) {
      if (!addDefinition(name, schema)) definitions[name] = {};
      const gvks = isObject(schema) ? schema['x-kubernetes-group-version-kind'] : undefined;
      if (!Array.isArray(gvks)) continue;
      for (const gvk of gvks) {
        const [group, version, kind] = [stringAt(gvk, 'group'), stringAt(gvk, 'version'), stringAt(gvk, 'kind')];
        kinds[`${group ? `${group}/` : ''}${version ?? ''}|${kind ?? ''}`] = name;
      }
    }
  }
  return { kinds, definitions };
}

/** Drops fields and definitions below which no list merges, and kinds that end in none. */
function prune(schema: MergeSchema): MergeSchema {
  const useful = new Set<string>();
  for (let grew = true; grew; ) {
    grew = false;
    for (const [name, fields] of Object.entries(schema.definitions)) {
      if (useful.has(name)) continue;
      const leads = Object.values(fields).some(
        (f) => f.keys !== undefined || (f.def !== undefined && useful.has(f.def)),
      );
      if (leads) grew = useful.add(name).has(name);
    }
  }
  const definitions: Record<string, MergeDefinition> = {};
  for (const [name, fields] of Object.entries(schema.definitions)) {
    if (!useful.has(name)) continue;
    definitions[name] = Object.fromEntries(
      Object.entries(fields)
        .map(([key, f]): [string, MergeField] => {
          if (f.def === undefined || useful.has(f.def)) return [key, f];
          const { def: _, ...rest } = f;
          return [key, rest];
        })
        .filter(([, f]) => f.keys !== undefined || f.def !== undefined),
    );
  }
  return {
    kinds: Object.fromEntries(Object.entries(schema.kinds).filter(([, name]) => useful.has(name))),
    definitions,
  };
}
