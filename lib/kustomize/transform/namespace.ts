import { applyFieldSpec, setTyped } from '../fields/apply-field-spec.ts';
import type { FieldSpec } from '../kustomization/schema.ts';
import { KustomizeError } from '../error.ts';
import type { ResMap } from '../resource/res-map.ts';
import { wrongKind } from '../replace/slots.ts';
import { isNull, type Resource, scalarText } from '../resource/resource.ts';
import { MapNode, type Node, scalar } from '../yaml/index.ts';

export interface NamespaceRule {
  readonly namespace: string;
  readonly fieldSpecs: readonly FieldSpec[];
  /** Leave namespaces that are already there. */
  readonly unsetOnly?: boolean;
  readonly setRoleBindingSubjects?: string;
}

/** `namespace`: puts every resource not known to be cluster-scoped into a namespace, and what names it along with it. */
export function setNamespace(map: ResMap, rule: NamespaceRule): void {
  // These two fields have rules of their own below; a configuration cannot change them.
  const specs = rule.fieldSpecs.filter(
    (spec) =>
      spec.path !== 'metadata/namespace' && !(spec.path === 'subjects/namespace' && isRoleBinding(spec.kind ?? '')),
  );
  for (const resource of map.resources) {
    resource.rememberId();
    setOwnNamespace(resource, rule);
    if (isRoleBinding(resource.kind)) setSubjects(resource, rule);
    // A Namespace is renamed only when it is the core one.
    const isCore = scalarText(resource.node.get('apiVersion')) === 'v1';
    for (const spec of specs) {
      if (!isCore && spec.path === 'metadata/name') continue;
      applyFieldSpec(resource, spec, 'scalar', (node) => assign(node, rule));
    }
  }
  map.requireUniqueIds('namespace transformation');
}

const isRoleBinding = (kind: string): boolean => kind === 'RoleBinding' || kind === 'ClusterRoleBinding';

function assign(node: Node, rule: NamespaceRule): void {
  if (rule.unsetOnly && node.kind === 'scalar' && !isNull(node) && node.value !== '') return;
  setTyped(node, rule.namespace, '!!str');
}

/** The same for one resource on its own: nothing that names it follows. */
export function setNamespaceField(resource: Resource, namespace: string): void {
  const rule = { namespace, fieldSpecs: [] };
  setOwnNamespace(resource, rule);
  if (isRoleBinding(resource.kind)) setSubjects(resource, rule);
}

function setOwnNamespace(resource: Resource, rule: NamespaceRule): void {
  if (resource.gvk.clusterScoped) return;
  applyFieldSpec(resource, { path: 'metadata/namespace', create: true }, 'scalar', (node) => assign(node, rule));
}

/** Subjects that are in the build follow through name references; of the others only `default` is known to move. */
function setSubjects(resource: Resource, rule: NamespaceRule): void {
  const mode = rule.setRoleBindingSubjects ?? 'defaultOnly';
  if (mode === 'none') return;
  if (mode !== 'defaultOnly' && mode !== 'allServiceAccounts' && mode !== '') {
    throw new KustomizeError(
      'transformerFailed',
      `invalid value "${mode}" for setRoleBindingSubjects: must be one of "defaultOnly", "none", "allServiceAccounts"`,
    );
  }
  const subjects = resource.node.get('subjects');
  if (subjects === undefined || isNull(subjects)) return;
  const setting = 'setting namespace on (cluster)role binding subjects';
  if (subjects.kind !== 'seq') throw wrongKind('SequenceNode', subjects).wrap(setting);
  for (const subject of subjects.items) {
    if (isNull(subject)) continue;
    if (subject.kind !== 'map') {
      const field = mode === 'allServiceAccounts' ? 'kind' : 'name';
      throw wrongKind('MappingNode', subject).wrap(`${setting}: looking up ${field} on (cluster)role binding subject`);
    }
    const moves =
      mode === 'allServiceAccounts'
        ? scalarText(subject.get('kind')) === 'ServiceAccount'
        : scalarText(subject.get('name')) === 'default';
    if (moves) setSubjectNamespace(subject, rule);
  }
}

function setSubjectNamespace(subject: MapNode, rule: NamespaceRule): void {
  const present = subject.get('namespace');
  if (present === undefined || isNull(present)) subject.set('namespace', scalar(rule.namespace));
  else assign(present, rule);
}
