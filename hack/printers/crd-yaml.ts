import type { AnyCustomResource, JsonSchema } from '#crds';
import { installLabels } from './labels.ts';
import { printedYaml } from './yaml.ts';

/** `<plural>.<group>`: the name that the API server demands. */
export function crdName(kind: AnyCustomResource): string {
  return `${kind.plural}.${kind.group}`;
}

/** The CustomResourceDefinition of a kind, for `kubectl apply`. */
export function crdYaml(kind: AnyCustomResource): string {
  return printedYaml({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: crdName(kind),
      labels: installLabels(kind.component),
      // Descriptions speak of `${var}`; a Kustomization that applies this file must not replace it.
      annotations: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' },
    },
    spec: {
      group: kind.group,
      names: {
        categories: kind.categories,
        kind: kind.kind,
        listKind: kind.listKind,
        plural: kind.plural,
        ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
        singular: kind.singular,
      },
      scope: 'Namespaced',
      versions: [version(kind)],
    },
  });
}

function version(kind: AnyCustomResource): object {
  return {
    name: kind.version,
    served: true,
    storage: true,
    additionalPrinterColumns: kind.columns.map(({ jsonPath, name, type }) => ({ jsonPath, name, type })),
    schema: { openAPIV3Schema: rootSchema(kind) },
    ...(kind.status ? { subresources: { status: {} } } : {}),
  };
}

function rootSchema(kind: AnyCustomResource): object {
  return {
    description: kind.description,
    type: 'object',
    properties: {
      apiVersion: { type: 'string', description: 'Group and version of the schema of this object.' },
      kind: { type: 'string', description: 'Kind of this object.' },
      metadata: { type: 'object' },
      spec: sorted(kind.spec.json),
      ...(kind.status ? { status: sorted(kind.status.json) } : {}),
    },
  };
}

/** Keys of a node in one order, whatever the order in which a schema was put together; fields keep theirs. */
function sorted(node: JsonSchema): object {
  const { type, description, items, properties, additionalProperties, ...rest } = node;
  return {
    ...(description === undefined ? {} : { description }),
    type,
    ...Object.fromEntries(Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    ...(items ? { items: sorted(items) } : {}),
    ...(additionalProperties ? { additionalProperties: sorted(additionalProperties) } : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, sorted(field)])) }
      : {}),
  };
}
