import { MapNode, type Node, ScalarNode } from './node.ts';
import type { Dialect } from './scalars.ts';
import { SyntaxFailure } from './syntax-failure.ts';

/** Up to this many entries duplicates are found by comparing pairs. */
const PAIRWISE_UP_TO = 8;

/** Collects the entries of one mapping: what go-yaml does with duplicates, merge keys and keys that are no scalars. */
export class Entries {
  private readonly map: MapNode;
  private readonly dialect: Dialect;
  private seen: Map<string, ScalarNode> | undefined;
  private merge: Node | undefined;

  private readonly refuse: (failure: SyntaxFailure) => void;

  /** @param refuse told of what go-yaml refuses; the entry is left out */
  constructor(map: MapNode, dialect: Dialect, refuse: (failure: SyntaxFailure) => void) {
    this.map = map;
    this.dialect = dialect;
    this.refuse = refuse;
  }

  /** @param aliased the value was written as an alias */
  add(key: Node, value: Node, aliased = false): void {
    if (key.kind !== 'scalar') {
      // Kept under a tag that nothing prints: the document reads, as in kustomize, and fails when it is written.
      this.map.append(new ScalarNode('', key.kind === 'map' ? '!!map' : '!!seq', 'plain', key.line), value);
      return;
    }
    // kustomize loses an entry whose key is `<<` in quotes.
    if (key.value === '<<' && this.dialect === 'v3' && key.tag === '!!str' && key.style !== 'plain') return;
    if (key.value === '<<' && (key.tag === '!!merge' || key.style === 'plain')) {
      if (aliased && value.kind !== 'map') {
        this.fail('invalid map merge: received alias for a non-map value', key.line);
      } else if (this.dialect === 'v2') this.mergeOver(value);
      else if (this.merge === undefined) this.merge = value;
      else this.fail('duplicate merge key', key.line);
      return;
    }
    const earlier = this.find(key);
    if (earlier === undefined) {
      this.map.append(key, value);
      this.seen?.set(key.value, key);
    } else if (this.dialect === 'v2') this.map.set(key.value, value);
    else {
      const problem = `line ${key.line}: mapping key ${JSON.stringify(key.value)} already defined at line ${earlier.line}`;
      this.fail(`unmarshal errors:\n  ${problem}`, key.line);
    }
  }

  /** Own entries win over merged ones, and earlier merged mappings over later ones. */
  finish(spend: (nodes: number) => void): void {
    if (this.merge === undefined) return;
    for (const map of this.mergeSources(this.merge)) {
      for (let i = 0; i < map.size; i++) {
        const key = map.keyNodes[i];
        const value = map.values[i];
        if (key === undefined || value === undefined || this.map.has(key.value)) continue;
        spend(1);
        this.map.append(key, value);
      }
    }
  }

  private find(key: ScalarNode): ScalarNode | undefined {
    const keys = this.map.keyNodes;
    if (this.seen === undefined) {
      if (keys.length < PAIRWISE_UP_TO) {
        for (const other of keys) if (other.value === key.value) return other;
        return undefined;
      }
      this.seen = new Map(keys.map((other) => [other.value, other]));
    }
    return this.seen.get(key.value);
  }

  /** yaml.v2 merges at the place of `<<`: what stands before is overwritten, what follows overwrites. */
  private mergeOver(source: Node): void {
    for (const from of this.mergeSources(source).toReversed()) {
      for (let i = 0; i < from.size; i++) {
        const key = from.keyNodes[i];
        const value = from.values[i];
        if (key !== undefined && value !== undefined) this.map.set(key.value, value);
      }
    }
  }

  private mergeSources(source: Node): readonly MapNode[] {
    if (source.kind === 'map') return [source];
    const maps = source.kind === 'seq' ? source.items.filter((item) => item.kind === 'map') : [];
    if (source.kind === 'seq' && maps.length === source.items.length) return maps;
    this.fail('map merge requires map or sequence of maps as the value', source.line);
    return [];
  }

  private fail(problem: string, line: number): void {
    this.refuse(new SyntaxFailure('composer', problem, 0, line - 1));
  }
}
