import type { TransformerConfig } from '../config/transformer-config.ts';
import { KustomizeError } from '../error.ts';
import { applyFieldSpec } from '../fields/apply-field-spec.ts';
import type { Variable } from '../kustomization/schema.ts';
import { formatGvk, parseApiVersion } from '../resource/gvk.ts';
import { effectiveNamespace, type ResId } from '../resource/res-id.ts';
import type { ResMap } from '../resource/res-map.ts';
import type { Resource } from '../resource/resource.ts';
import { gvkOf } from '../resource/gvk.ts';
import { type Node, ScalarNode } from '../yaml/index.ts';
import { scalarToJson } from '../yaml/json.ts';
import { splitReplacementPath } from '../replace/field-path.ts';
import { lookup } from '../replace/lookup.ts';
import { expand, type Mapping } from './expand.ts';

/** A variable with the resource that it was bound to where it was declared: renames do not lose it. */
interface Binding {
  readonly rule: Variable;
  readonly resource: Resource | undefined;
}

/** The `vars` of all kustomizations of a build so far. */
export class Variables {
  private readonly bindings = new Map<string, Binding>();

  get isEmpty(): boolean {
    return this.bindings.size === 0;
  }

  /** Binds the variables of one kustomization to what it has gathered. */
  declare(rules: readonly Variable[], map: ResMap): void {
    for (const rule of rules) this.add({ rule, resource: boundResource(rule, map) });
  }

  merge(other: Variables): void {
    for (const binding of other.bindings.values()) this.add(binding);
  }

  private add(binding: Binding): void {
    const name = binding.rule.name ?? '';
    if (this.bindings.has(name)) throw new KustomizeError('conflict', `var '${name}' already encountered`);
    this.bindings.set(name, binding);
  }

  /** Replaces the references to variables in all fields that the configuration names. */
  resolve(map: ResMap, config: TransformerConfig, warn: (line: string) => void): void {
    if (this.isEmpty) return;
    const values = new Map(
      [...this.bindings].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, binding]) => [name, valueOf(binding)]),
    );
    const used = new Set<string>();
    const mapping = (name: string): ScalarNode | undefined => {
      used.add(name);
      const value = values.get(name);
      // A collection has no place in a text: kustomize leaves the reference as it is.
      return value?.kind === 'scalar' ? value : undefined;
    };
    const specs = config.list('varReference');
    for (const resource of map.resources) {
      for (const spec of specs)
        applyFieldSpec(resource, { ...spec, create: false }, undefined, (node) => expandIn(node, mapping));
    }
    const unused = [...values.keys()].filter((name) => !used.has(name));
    if (unused.length > 0) warn(`well-defined vars that were never replaced: ${unused.join(',')}`);
  }
}

function targetId(rule: Variable): ResId {
  const { apiVersion, group, version, kind, name, namespace } = rule.objref ?? {};
  const parsed = apiVersion ? parseApiVersion(apiVersion) : { group: group ?? '', version: version ?? '' };
  const joined = parsed.group === '' ? parsed.version : `${parsed.group}/${parsed.version}`;
  return { gvk: gvkOf(joined, kind ?? ''), name: name ?? '', namespace: namespace ?? '' };
}

function boundResource(rule: Variable, map: ResMap): Resource | undefined {
  const target = targetId(rule);
  // The scope of the target's kind is not looked up: with a namespace, a cluster-scoped object is never meant.
  const exact = target.namespace !== '';
  const isMeant = (id: ResId): boolean =>
    id.name === target.name && id.gvk.key === target.gvk.key && (!exact || effectiveNamespace(id) === target.namespace);
  const matches = map.resources.filter(
    (resource) => isMeant(resource.currentId()) || resource.previousIds().some(isMeant),
  );
  if (matches.length > 1) {
    throw new KustomizeError(
      'conflict',
      `found ${matches.length} resId matches for var ${describe(rule)} (unable to disambiguate)`,
    );
  }
  return matches[0];
}

/** As Go prints the rule. */
function describe(rule: Variable): string {
  const { gvk, name, namespace } = targetId(rule);
  const object = [formatGvk(gvk), name, namespace].filter((part) => part !== '').join(' ');
  return `{${rule.name ?? ''} ${object} {${fieldPath(rule)}}}`;
}

const fieldPath = (rule: Variable): string => rule.fieldref?.fieldPath || 'metadata.name';

function valueOf({ rule, resource }: Binding): Node {
  if (resource === undefined) {
    throw new KustomizeError(
      'referenceFailed',
      `var '${describe(rule)}' cannot be mapped to a field in the set of known resources`,
    );
  }
  const node = find(resource, fieldPath(rule));
  if (node === undefined) {
    throw new KustomizeError(
      'referenceFailed',
      `field specified in var '${describe(rule)}' not found in corresponding resource`,
    );
  }
  return node.kind === 'scalar' ? canonical(node) : node;
}

/** Numbers and booleans as Go prints them. */
function canonical(node: ScalarNode): ScalarNode {
  const value = scalarToJson(node);
  if (value === null || typeof value === 'string') return node;
  return new ScalarNode(String(value), node.tag);
}

/** `a.b[0]` is `a.b.0`. */
function splitPath(path: string): string[] {
  return splitReplacementPath(path).flatMap((part) => {
    const match = /^(.*)\[(\d+)\]$/.exec(part);
    if (match === null) return [part];
    const [, name = '', index = ''] = match;
    return name === '' ? [index] : [name, index];
  });
}

function find(resource: Resource, path: string): Node | undefined {
  try {
    return lookup(resource.node, splitPath(path));
  } catch (error) {
    if (error instanceof KustomizeError) return undefined;
    throw error;
  }
}

function expandIn(node: Node, mapping: Mapping): void {
  switch (node.kind) {
    case 'scalar':
      expandScalar(node, mapping);
      return;
    case 'map':
      for (const value of node.values) if (value.kind === 'scalar') expandScalar(value, mapping);
      return;
    case 'seq':
      for (const item of node.items) {
        if (item.kind !== 'scalar' || item.tag !== '!!str') {
          throw new KustomizeError('referenceFailed', 'invalid value type expect a string', { line: item.line });
        }
        expandScalar(item, mapping);
      }
  }
}

function expandScalar(node: ScalarNode, mapping: Mapping): void {
  if (node.tag !== '!!str' || !node.value.includes('$')) return;
  const expanded = expand(node.value, mapping);
  if (typeof expanded === 'string') node.value = expanded;
  else [node.value, node.tag, node.style] = [expanded.value, expanded.tag, 'plain'];
}
