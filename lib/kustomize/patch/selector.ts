import { RE2JS } from 're2js';
import { KustomizeError } from '../error.ts';
import type { Selector } from '../kustomization/schema.ts';
import { effectiveNamespace } from '../resource/res-id.ts';
import type { ResMap } from '../resource/res-map.ts';
import type { Resource } from '../resource/resource.ts';
import { parseLabelSelector } from './label-selector.ts';

type Test = (text: string) => boolean;

/** An anchored regular expression; empty matches anything. Plain text, the usual case, is compared. */
export function anchored(pattern: string | undefined): Test {
  if (pattern === undefined || pattern === '') return () => true;
  if (/^[\w-]+$/.test(pattern)) return (text) => text === pattern;
  try {
    const compiled = RE2JS.compile(`^(?:${pattern})$`);
    return (text) => compiled.matcher(text).find();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KustomizeError('invalidKustomization', `error parsing regexp: ${reason}`, { cause: error });
  }
}

/** Whether a resource is meant by a selector, under its original or its present name and namespace. */
export function selectorTest(selector: Selector): (resource: Resource) => boolean {
  const name = anchored(selector.name);
  const namespace = anchored(selector.namespace);
  const group = anchored(selector.group);
  const version = anchored(selector.version);
  const kind = anchored(selector.kind);
  const labels = selector.labelSelector ? parseLabelSelector(selector.labelSelector) : undefined;
  const annotations = selector.annotationSelector ? parseLabelSelector(selector.annotationSelector) : undefined;
  return (resource) => {
    const { gvk } = resource;
    if (!kind(gvk.kind) || !group(gvk.group) || !version(gvk.version)) return false;
    const current = resource.currentId();
    const original = resource.originalId();
    if (!namespace(effectiveNamespace(original)) && !namespace(effectiveNamespace(current))) return false;
    if (!name(original.name) && !name(current.name)) return false;
    if (labels !== undefined && !labels(resource.labels())) return false;
    return annotations === undefined || annotations(resource.annotations());
  };
}

export function select(map: ResMap, selector: Selector): Resource[] {
  return map.resources.filter(selectorTest(selector));
}
