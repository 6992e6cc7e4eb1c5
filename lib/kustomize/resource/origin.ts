import { join } from 'node:path';
import type { Resource } from './resource.ts';

/** Who made or changed a resource: a builtin, or a plugin file's entry. */
export interface Origin {
  /** File that the resource was read from, relative to the root of the build. */
  readonly path?: string;
  /** Kustomization or plugin file, likewise. */
  readonly configuredIn?: string;
  readonly configuredBy?: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name?: string;
    readonly namespace?: string;
  };
}

/** Which notes a build leaves on its objects, as `buildMetadata` of the root asks. */
export interface BuildNotes {
  readonly origins: boolean;
  readonly transformations: boolean;
  readonly managedBy: boolean;
}

export function buildNotes(buildMetadata: readonly string[] | undefined): BuildNotes {
  const wanted = new Set(buildMetadata);
  return {
    origins: wanted.has('originAnnotations'),
    transformations: wanted.has('transformerAnnotations'),
    managedBy: wanted.has('managedByLabel'),
  };
}

/** A path as seen from the folder that the build started in. */
export function originPath(folder: string, path: string): string {
  return folder === '' ? path : join(folder, path);
}

export function builtinOrigin(configuredIn: string, kind: string): Origin {
  return { configuredIn, configuredBy: { apiVersion: 'builtin', kind } };
}

const originAnnotation = 'config.kubernetes.io/origin';
const transformationsAnnotation = 'alpha.config.kubernetes.io/transformations';

/** Writes the notes into the annotations, as the small YAML texts that kustomize makes of them. */
export function annotateOrigin(resource: Resource, notes: BuildNotes): void {
  const { origin, transformations } = resource;
  const annotations = resource.annotations();
  if (notes.origins && origin !== undefined) annotations.set(originAnnotation, `${lines(origin).join('\n')}\n`);
  if (notes.transformations && transformations.length > 0) {
    annotations.set(transformationsAnnotation, transformations.map(listItem).join(''));
  }
  resource.setAnnotations(annotations);
}

function listItem(origin: Origin): string {
  return lines(origin)
    .map((line, i) => `${i === 0 ? '- ' : '  '}${line}\n`)
    .join('');
}

function lines(origin: Origin): string[] {
  const { path, configuredIn, configuredBy } = origin;
  const fields = Object.entries(configuredBy ?? {}).map(([key, value]) => `  ${key}: ${value}`);
  return [
    ...(path === undefined ? [] : [`path: ${path}`]),
    ...(configuredIn === undefined ? [] : [`configuredIn: ${configuredIn}`]),
    ...(configuredBy === undefined ? [] : ['configuredBy:', ...fields]),
  ];
}
