import type { Kustomization } from '#crds';

/** `namespace/name`. */
export function keyOf(object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** Whom a Kustomization depends on, as keys. */
export function dependencyKeys(kustomization: Kustomization): readonly string[] {
  return (kustomization.spec.dependsOn ?? []).map(
    ({ namespace, name }) => `${namespace ?? kustomization.metadata.namespace ?? ''}/${name}`,
  );
}

export interface DependencyOrder {
  /** Dependencies before those who depend on them; members of a cycle, and who depends on them, last. */
  readonly keys: readonly string[];
  /** One cycle, from a member back to itself. */
  readonly cycle: readonly string[] | undefined;
}

/** Orders Kustomizations so that roots come first. Dependencies outside of the given set do not count. */
export function orderByDependencies(kustomizations: readonly Kustomization[]): DependencyOrder {
  const dependencies = new Map(kustomizations.map((k) => [keyOf(k), dependencyKeys(k)]));
  const waitsFor = new Map<string, number>();
  const dependents = new Map<string, string[]>();
  for (const [key, needed] of dependencies) {
    const known = new Set(needed.filter((other) => dependencies.has(other)));
    waitsFor.set(key, known.size);
    for (const other of known) dependents.set(other, [...(dependents.get(other) ?? []), key]);
  }
  const keys = [...dependencies.keys()].filter((key) => waitsFor.get(key) === 0);
  for (let at = 0; at < keys.length; at++) {
    for (const dependent of dependents.get(keys[at] ?? '') ?? []) {
      const left = (waitsFor.get(dependent) ?? 0) - 1;
      waitsFor.set(dependent, left);
      if (left === 0) keys.push(dependent);
    }
  }
  const ordered = new Set(keys);
  const rest = [...dependencies.keys()].filter((key) => !ordered.has(key));
  let cycle: readonly string[] | undefined;
  for (const key of rest) cycle ??= cycleThrough(key, (other) => dependencies.get(other) ?? []);
  return { keys: [...keys, ...rest], cycle };
}

/** The way from `start` along the dependencies back to itself, both ends included. */
export function cycleThrough(
  start: string,
  dependenciesOf: (key: string) => readonly string[],
): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let at = 0; at < queue.length; at++) {
    const key = queue[at] ?? '';
    for (const next of dependenciesOf(key)) {
      if (next === start) {
        const path = [start];
        for (let step = key; step !== start; step = cameFrom.get(step) ?? start) path.unshift(step);
        return [start, ...path];
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, key);
      queue.push(next);
    }
  }
  return undefined;
}
