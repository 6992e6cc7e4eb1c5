import type { NameReferenceData, TransformerConfig } from '../config/transformer-config.ts';
import { KustomizeError } from '../error.ts';
import { applyFieldSpec, setScalar, untypedScalar } from '../fields/apply-field-spec.ts';
import type { FieldSpec } from '../kustomization/schema.ts';
import { type GvkSelector, isSelected, parseApiVersion } from '../resource/gvk.ts';
import { effectiveNamespace, formatId, NO_NAMESPACE, type ResId } from '../resource/res-id.ts';
import { requireIdentity } from '../resource/read-resources.ts';
import type { ResMap } from '../resource/res-map.ts';
import { isNull, type Resource, scalarText } from '../resource/resource.ts';
import type { MapNode, Node } from '../yaml/index.ts';

/** Brings the names that resources call each other by up to date with their present names. */
export function fixNameReferences(map: ResMap, config: TransformerConfig): void {
  for (const resource of map.resources) requireIdentity(resource.node);
  const index = new ReferralIndex(map.resources);
  // Names of the referrers themselves do not change here: only what they point at is written.
  for (const referrer of map.resources) {
    const fields = config.referencesOf(referrer.originalId().gvk);
    if (fields.length === 0) continue;
    const scope = new ReferrerScope(referrer, index);
    for (const { target, field } of fields) new ReferenceFix(scope, target, field).apply();
  }
}

/** Resources that were renamed or moved, by each of the names they had, and all resources by namespace. */
class ReferralIndex {
  private readonly byPreviousName = new Map<string, Resource[]>();
  private readonly byOriginalNamespace = new Map<string, Resource[]>();
  private readonly byCurrentNamespace = new Map<string, Resource[]>();

  constructor(resources: readonly Resource[]) {
    for (const resource of resources) {
      for (const name of new Set(resource.previousIds().map((id) => id.name)))
        push(this.byPreviousName, name, resource);
      push(this.byOriginalNamespace, effectiveNamespace(resource.originalId()), resource);
      push(this.byCurrentNamespace, effectiveNamespace(resource.currentId()), resource);
    }
  }

  everNamed(name: string): readonly Resource[] {
    return this.byPreviousName.get(name) ?? [];
  }

  originallyIn(namespace: string): readonly Resource[] {
    return namespace === NO_NAMESPACE ? [] : (this.byOriginalNamespace.get(namespace) ?? []);
  }

  nowIn(namespace: string): readonly Resource[] {
    return namespace === NO_NAMESPACE ? [] : (this.byCurrentNamespace.get(namespace) ?? []);
  }
}

function push(index: Map<string, Resource[]>, key: string, resource: Resource): void {
  const bucket = index.get(key);
  if (bucket === undefined) index.set(key, [resource]);
  else bucket.push(resource);
}

/** Which resources a referrer can mean at all. */
class ReferrerScope {
  readonly referrer: Resource;
  readonly index: ReferralIndex;
  readonly id: ResId;
  private readonly namespace: string;
  private readonly subjectNamespaces: ReadonlySet<string>;

  constructor(referrer: Resource, index: ReferralIndex) {
    this.referrer = referrer;
    this.index = index;
    this.id = referrer.currentId();
    this.namespace = effectiveNamespace(this.id);
    this.subjectNamespaces = serviceAccountNamespaces(referrer);
  }

  get isClusterScoped(): boolean {
    return this.id.gvk.clusterScoped;
  }

  isReachable(candidate: Resource): boolean {
    if (this.isClusterScoped) return true;
    const id = candidate.currentId();
    return (
      id.gvk.clusterScoped || effectiveNamespace(id) === this.namespace || this.subjectNamespaces.has(id.namespace)
    );
  }

  isNear(candidate: Resource): boolean {
    if (this.isClusterScoped) return true;
    const id = candidate.currentId();
    return id.gvk.clusterScoped || id.gvk.kind === 'ServiceAccount' || effectiveNamespace(id) === this.namespace;
  }
}

/** A RoleBinding may name service accounts of other namespaces. */
function serviceAccountNamespaces(referrer: Resource): ReadonlySet<string> {
  const namespaces = new Set<string>();
  if (referrer.kind !== 'RoleBinding') return namespaces;
  const subjects = referrer.node.get('subjects');
  if (subjects?.kind !== 'seq') return namespaces;
  for (const subject of subjects.items) {
    if (subject.kind !== 'map' || scalarText(subject.get('kind')) !== 'ServiceAccount') continue;
    const namespace = scalarText(subject.get('namespace'));
    if (namespace === '' && subject.has('namespace')) {
      const id = formatId(referrer.currentId());
      throw new KustomizeError('referenceFailed', `Invalid Input: namespace is blank for resource "${id}"`);
    }
    if (namespace !== '') namespaces.add(namespace);
  }
  return namespaces;
}

/** One kind of reference of one referrer. */
class ReferenceFix {
  private readonly scope: ReferrerScope;
  private readonly target: NameReferenceData;
  private readonly field: FieldSpec;

  constructor(scope: ReferrerScope, target: NameReferenceData, field: FieldSpec) {
    this.scope = scope;
    this.target = target;
    this.field = field;
  }

  apply(): void {
    const { referrer } = this.scope;
    // The spec was chosen by the referrer's original kind; here only the path counts.
    const path = this.field.path ?? '';
    try {
      applyFieldSpec(referrer, { path }, undefined, (node) => this.set(node));
    } catch (error) {
      if (!(error instanceof KustomizeError)) throw error;
      throw error.wrap(`updating name reference in '${path}' field of '${formatId(referrer.currentId())}'`);
    }
  }

  private set(node: Node): void {
    if (isNull(node)) return;
    switch (node.kind) {
      case 'scalar': {
        const referral = this.choose(node.value, () => true);
        if (referral !== undefined && referral.name !== node.value) setScalar(node, referral.name);
        return;
      }
      case 'map':
        this.setMap(node);
        return;
      case 'seq':
        for (const item of node.items) this.set(item);
    }
  }

  /** A field that holds name and namespace together. */
  private setMap(node: MapNode): void {
    const nameNode = node.get('name');
    if (nameNode === undefined) {
      throw new KustomizeError('referenceFailed', "path config error; no 'name' field in node");
    }
    const name = scalarText(nameNode);
    if (this.scope.index.everNamed(name).length === 0) return;
    const referral = this.choose(name, this.namespaceFilter(node), true);
    if (referral === undefined) return;
    if (referral.name !== name) setScalar(nameNode, referral.name);
    // An empty namespace stands for any here, so it replaces nothing.
    if (referral.namespace !== '' && scalarText(node.get('namespace')) !== referral.namespace) {
      const present = node.get('namespace');
      if (present === undefined) node.set('namespace', untypedScalar(referral.namespace));
      else setScalar(present, referral.namespace);
    }
  }

  /** The namespace as it was written, before any of them moved; as it is now if none was there. */
  private namespaceFilter(node: MapNode): (candidate: Resource) => boolean {
    const namespaceNode = node.get('namespace');
    if (namespaceNode === undefined) return () => true;
    const namespace = scalarText(namespaceNode);
    const { index } = this.scope;
    const reachable = (candidate: Resource): boolean => this.scope.isReachable(candidate);
    if (index.originallyIn(namespace).some(reachable)) {
      return (candidate) => !candidate.gvk.clusterScoped && effectiveNamespace(candidate.originalId()) === namespace;
    }
    if (index.nowIn(namespace).some(reachable)) {
      return (candidate) => !candidate.gvk.clusterScoped && effectiveNamespace(candidate.currentId()) === namespace;
    }
    return () => false;
  }

  /** @param withNamespace the field takes the namespace too, so that candidates may not differ in it */
  private choose(name: string, isMeant: (candidate: Resource) => boolean, withNamespace = false): Resource | undefined {
    const named = this.scope.index.everNamed(name);
    if (named.length === 0) return undefined;
    let candidates = named.filter((c) => this.scope.isReachable(c) && isMeant(c) && everSelected(c, this.target));
    const role = this.roleReference();
    if (role !== undefined) candidates = candidates.filter((c) => everSelected(c, role));
    candidates = candidates.filter((c) => this.scope.isNear(c));
    const { referrer } = this.scope;
    for (const allowEmpty of [true, false]) {
      if (candidates.length < 2) return candidates[0];
      candidates = candidates.filter((c) => sameAffixes(referrer, c, allowEmpty));
    }
    const [first] = candidates;
    if (
      first === undefined ||
      candidates.every((c) => c.name === first.name && (!withNamespace || c.namespace === first.namespace))
    )
      return first;
    throw new KustomizeError(
      'referenceFailed',
      `found multiple possible referrals: ${candidates.map((c) => formatId(c.currentId())).join(', ')}`,
    );
  }

  /** A roleRef says itself which kind it means. */
  private roleReference(): GvkSelector | undefined {
    if (!this.field.path?.endsWith('roleRef/name')) return undefined;
    const roleRef = this.scope.referrer.node.get('roleRef');
    if (roleRef?.kind !== 'map') return undefined;
    const { group, version } = parseRoleGroup(scalarText(roleRef.get('apiGroup')));
    return { group, version, kind: scalarText(roleRef.get('kind')) };
  }
}

function parseRoleGroup(apiGroup: string): { group: string; version: string } {
  return apiGroup.includes('/') ? parseApiVersion(apiGroup) : { group: apiGroup, version: '' };
}

function everSelected(resource: Resource, selector: GvkSelector): boolean {
  return resource.previousIds().some((id) => isSelected(id.gvk, selector));
}

/** Whether two resources got their affixes in the same layers, counted from the outermost. */
function sameAffixes(a: Resource, b: Resource, allowEmpty: boolean): boolean {
  const same = (x: readonly string[], y: readonly string[]): boolean =>
    (allowEmpty && (x.length === 0 || y.length === 0)) || sameEnd(x, y);
  return same(a.prefixes, b.prefixes) && same(a.suffixes, b.suffixes);
}

function sameEnd(x: readonly string[], y: readonly string[]): boolean {
  const length = Math.min(x.length, y.length);
  if (length === 0) return x.length === y.length;
  for (let i = 1; i <= length; i++) if (x.at(-i) !== y.at(-i)) return false;
  return true;
}
