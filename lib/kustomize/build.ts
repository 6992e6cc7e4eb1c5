import { KustomizeError } from './error.ts';
import type { FileSystem } from './file-system.ts';
import { addHashSuffixes } from './generate/hash.ts';
import { Loader, type LoadRestrictions } from './load/loader.ts';
import { type Order, sortResources } from './order/sort.ts';
import { OpenApi } from './patch/open-api.ts';
import { fixNameReferences } from './references/name-references.ts';
import { annotateOrigin, type BuildNotes, buildNotes } from './resource/origin.ts';
import { finishAnnotations, type ParseCache } from './resource/read-resources.ts';
import type { ResMap } from './resource/res-map.ts';
import { Accumulator } from './target/accumulator.ts';
import { type BuildContext, Target } from './target/target.ts';
import { setEntries } from './transform/labels.ts';
import { type JsonValue, type MapNode, print, toJson, YamlError } from './yaml/index.ts';

/** The version whose behaviour this engine has; the managed-by label names it. */
export const kustomizeVersion = 'v5.8.1';

export interface BuildOptions {
  /** `rootOnly`: files must lie in or below the kustomization that names them, as the `kustomize` command has it. */
  readonly loadRestrictions: LoadRestrictions;
  /** `legacy` sorts by kind as the `kustomize` command does; `none` keeps the order of the sources, as Flux does. */
  readonly order: Order;
  /** Stands in for the file of the root folder: its text, or the parsed file. */
  readonly kustomizationOverride?: string | MapNode;
  /** Gets kustomize's warnings, a line each. */
  readonly warn?: (line: string) => void;
  /** Shared between builds, so that a base that many of them use is parsed once. */
  readonly cache?: ParseCache;
  readonly signal?: AbortSignal;
}

/** One object of the result. */
export interface BuiltResource {
  readonly node: MapNode;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  /** File that it was read from, relative to the root of the build, and the line that it starts on; absent where it was made. */
  readonly place?: { readonly file: string; readonly line: number };
  /** @throws KustomizeError when a value has no JSON form */
  toJson(): { [key: string]: JsonValue };
}

export interface BuildResult {
  readonly resources: readonly BuiltResource[];
  /** The text that `kustomize build` prints. @throws KustomizeError when a value cannot be printed */
  print(): string;
}

/**
 * Builds the kustomization in a folder, byte for byte as kustomize v5.8.1 does. Pure but for the file system; builds
 * share nothing unless they are given the same cache.
 * @throws KustomizeError
 */
export function build(files: FileSystem, root: string, options: BuildOptions): BuildResult {
  const checkpoint = (): void => options.signal?.throwIfAborted();
  const loader = Loader.open(files, root, options.loadRestrictions);
  const context = {
    cache: options.cache,
    warn: options.warn ?? ((): void => {}),
    openApi: new OpenApi(),
    checkpoint,
  };
  const target = new Target(loader, context, {
    folder: '',
    ...(options.kustomizationOverride === undefined ? {} : { override: options.kustomizationOverride }),
  });
  return asKustomizeError(() => finish(target, context, options));
}

function finish(target: Target, context: BuildContext, options: BuildOptions): BuildResult {
  const { map, config, variables } = target.accumulate(new Accumulator());
  addHashSuffixes(map);
  fixNameReferences(map, config);
  variables.resolve(map, config, context.warn);
  dropLocalConfig(map);
  sortResources(map, options.order, target.file.sortOptions);
  leaveNotes(map, buildNotes(target.file.buildMetadata));
  return result(map);
}

function leaveNotes(map: ResMap, notes: BuildNotes): void {
  if (notes.managedBy) {
    const label = new Map([['app.kubernetes.io/managed-by', `kustomize-${kustomizeVersion}`]]);
    setEntries(map, label, [{ path: 'metadata/labels', create: true }]);
  }
  if (!notes.origins && !notes.transformations) return;
  for (const resource of map.resources) annotateOrigin(resource, notes);
}

/** Objects that are only there for other tools to read. */
function dropLocalConfig(map: ResMap): void {
  map.keep((resource) => {
    const mark = resource.annotations().get('config.kubernetes.io/local-config');
    return mark === undefined || mark === 'false';
  });
}

function result(map: ResMap): BuildResult {
  const resources = map.resources.map((resource): BuiltResource => {
    const { node, namespace } = resource;
    finishAnnotations(node);
    return {
      node,
      apiVersion: resource.gvk.apiVersion,
      kind: resource.kind,
      name: resource.name,
      ...(namespace === '' ? {} : { namespace }),
      ...(resource.origin?.path === undefined
        ? {}
        : { place: { file: resource.origin.path, line: node.linesBefore + node.line } }),
      toJson: () => objectOf(node),
    };
  });
  return { resources, print: () => resources.map(({ node }) => printed(node)).join('---\n') };
}

function objectOf(node: MapNode): { [key: string]: JsonValue } {
  const json = asKustomizeError(() => toJson(node));
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new KustomizeError('invalidResource', 'cannot turn a resource into JSON: expected an object');
  }
  return json;
}

const printed = (node: MapNode): string => asKustomizeError(() => print(node));

function asKustomizeError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new KustomizeError('invalidResource', error.message, { line: error.line, cause: error });
  }
}
