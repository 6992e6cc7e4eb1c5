import { RE2JS } from 're2js';
import { KustomizeError } from '../error.ts';
import { applyFieldSpec, setScalar } from '../fields/apply-field-spec.ts';
import type { FieldSpec, ImageRule } from '../kustomization/schema.ts';
import type { ResMap } from '../resource/res-map.ts';
import { isNull } from '../resource/resource.ts';
import type { Node } from '../yaml/index.ts';

/** `images`: every container image that the rule's name matches gets a new name, tag or digest. */
export function setImages(map: ResMap, rule: ImageRule, specs: readonly FieldSpec[]): void {
  const matches = imageMatcher(rule.name ?? '');
  const update = (node: Node): void => {
    if (node.kind !== 'scalar') throw new KustomizeError('transformerFailed', 'expected a scalar image');
    if (matches(node.value)) setScalar(node, rewriteImage(node.value, rule));
  };
  for (const resource of map.resources) {
    // The lists of containers in a definition describe, they run nothing.
    if (resource.kind === 'CustomResourceDefinition') continue;
    visitContainers(resource.node, update);
    // The field specs cover the same containers once more: a tag suffix is added twice there, as kustomize does.
    for (const spec of specs) applyFieldSpec(resource, spec, undefined, update);
  }
}

/** Any list called containers or initContainers, however deep: custom resources have them at places of their own. */
function visitContainers(node: Node, update: (image: Node) => void): void {
  if (node.kind === 'seq') {
    for (const item of node.items) visitContainers(item, update);
    return;
  }
  if (node.kind !== 'map') return;
  for (let i = 0; i < node.keyNodes.length; i++) {
    const value = node.values[i];
    if (value === undefined || value.kind === 'scalar') continue;
    const key = node.keyNodes[i]?.value;
    if ((key === 'containers' || key === 'initContainers') && value.kind === 'seq')
      updateContainers(value.items, update);
    else visitContainers(value, update);
  }
}

function updateContainers(containers: readonly Node[], update: (image: Node) => void): void {
  for (const container of containers) {
    const image = container.kind === 'map' ? container.get('image') : undefined;
    if (image !== undefined && !isNull(image)) update(image);
  }
}

/** The name is a regular expression by accident of kustomize's: a dot in it matches anything. */
export function imageMatcher(name: string): (image: string) => boolean {
  const rest = '(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$';
  // Only plain letters and dots mean the same to every regular expression engine: anything else goes to RE2.
  if (/^[\w./-]*$/.test(name)) {
    const pattern = new RegExp(`^${name}${rest}`);
    return (image) => pattern.test(image);
  }
  const pattern = RE2JS.compile(`^${name}${rest}`);
  return (image) => pattern.matcher(image).find();
}

function rewriteImage(image: string, rule: ImageRule): string {
  const old = splitImage(image);
  let { tag, digest } = old;
  if (rule.newTag && rule.digest) [tag, digest] = [rule.newTag, rule.digest];
  else if (rule.newTag) [tag, digest] = [rule.newTag, ''];
  else if (rule.digest) [tag, digest] = ['', rule.digest];
  else if (rule.tagSuffix) [tag, digest] = [`${tag}${rule.tagSuffix}`, ''];
  return `${rule.newName || old.name}${tag === '' ? '' : `:${tag}`}${digest === '' ? '' : `@${digest}`}`;
}

/** A colon before the first slash belongs to a registry's port. */
export function splitImage(image: string): { name: string; tag: string; digest: string } {
  const start = Math.max(image.indexOf('/'), 0);
  const at = image.indexOf('@', start);
  const colon = image.indexOf(':', start);
  if (at < 0 && colon < 0) return { name: image, tag: '', digest: '' };
  if (at >= 0 && (colon < 0 || at < colon)) return { name: image.slice(0, at), tag: '', digest: image.slice(at + 1) };
  if (at >= 0) return { name: image.slice(0, colon), tag: image.slice(colon + 1, at), digest: image.slice(at + 1) };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1), digest: '' };
}
