import { parsePointer } from '#apply';
import type { IgnoreRule, KubeObject, Selector } from '#crds';
import { parseApiVersion } from '#kube';
import { anchored, parseLabelSelector } from '#kustomize';

/**
 * Which fields of an object others may change, by `spec.ignore`.
 * @throws Error that names the rule, when a pointer, a pattern or a selector in it cannot be read
 */
export function ignoredPaths(rules: readonly IgnoreRule[]): (object: KubeObject) => readonly string[] {
  const compiled = rules.map((rule, index) => {
    try {
      for (const path of rule.paths) parsePointer(path);
      return { paths: rule.paths, matches: matcher(rule.target ?? {}) };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot read spec.ignore[${index}]: ${why}`, { cause: error });
    }
  });
  return (object) => compiled.flatMap(({ paths, matches }) => (matches(object) ? paths : []));
}

function matcher(target: Selector): (object: KubeObject) => boolean {
  const [group, version, kind, name, namespace] = [
    anchored(target.group),
    anchored(target.version),
    anchored(target.kind),
    anchored(target.name),
    anchored(target.namespace),
  ];
  const labels = parseLabelSelector(target.labelSelector ?? '');
  const annotations = parseLabelSelector(target.annotationSelector ?? '');
  return ({ apiVersion, kind: ownKind, metadata }) => {
    const api = parseApiVersion(apiVersion);
    return (
      group(api.group) &&
      version(api.version) &&
      kind(ownKind) &&
      name(metadata.name) &&
      namespace(metadata.namespace ?? '') &&
      labels(new Map(Object.entries(metadata.labels ?? {}))) &&
      annotations(new Map(Object.entries(metadata.annotations ?? {})))
    );
  };
}
