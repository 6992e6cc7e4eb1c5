import { parseCrds } from '../config/crds.ts';
import { parseTransformerConfig, TransformerConfig } from '../config/transformer-config.ts';
import { KustomizeError, within } from '../error.ts';
import { generateConfigMap, generateSecret } from '../generate/maps.ts';
import { absorb } from '../generate/absorb.ts';
import type { Kustomization } from '../kustomization/schema.ts';
import { loadKustomization } from '../kustomization/read-kustomization.ts';
import type { Loader } from '../load/loader.ts';
import { type ParseCache, readResources } from '../resource/read-resources.ts';
import { builtinOrigin, type Origin, originPath } from '../resource/origin.ts';
import type { Resource } from '../resource/resource.ts';
import { Accumulator } from './accumulator.ts';
import type { OpenApi } from '../patch/open-api.ts';
import { pluginGenerated, pluginTransformer } from './plugins.ts';
import { builtinTransformers, type Transformer } from './transformers.ts';
import { formatId, idKey } from '../resource/res-id.ts';
import { equalNodes, print, type MapNode } from '../yaml/index.ts';

/** What all kustomizations of one build share. */
export interface BuildContext {
  readonly cache: ParseCache | undefined;
  readonly warn: (line: string) => void;
  readonly openApi: OpenApi;
  /** Throws once the build is cancelled or over its limits. */
  readonly checkpoint: () => void;
}

/** A kustomization within a build. */
export interface Place {
  /** From the folder that the build started in, as the files name it; empty for that folder itself. */
  readonly folder: string;
  /** Stands in for the file of the folder. */
  readonly override?: string | MapNode;
}

/** One kustomization: a folder with its file, and the way from it to resources. */
export class Target {
  readonly file: Kustomization;
  private readonly loader: Loader;
  private readonly context: BuildContext;
  private readonly folder: string;
  /** The file as notes of origin name it. */
  private readonly configuredIn: string;
  /** The root asks for notes of any kind. */
  private readonly keepsNotes: boolean;

  /** @param keepsNotes whether the root asks for notes; undefined in the root itself */
  constructor(loader: Loader, context: BuildContext, place: Place, keepsNotes?: boolean) {
    this.loader = loader;
    this.context = context;
    this.folder = place.folder;
    const { file, name } = loadKustomization(loader, place.override, context.warn);
    this.file = file;
    this.configuredIn = originPath(place.folder, name);
    this.keepsNotes = keepsNotes ?? (file.buildMetadata ?? []).length > 0;
    context.openApi.set(file.openapi ?? new Map(), (path) => loader.readText(path));
  }

  /** Runs the whole kustomization on top of what is already gathered, which is nothing but for a component. */
  accumulate(into: Accumulator): Accumulator {
    this.context.checkpoint();
    within('accumulating resources', () => this.addResources(into, this.file.resources ?? []));
    this.addConfigurations(into);
    this.runGenerators(into);
    within('accumulating components', () => this.addComponents(into));
    this.runTransformers(into);
    this.runValidators(into);
    into.variables.declare(this.file.vars ?? [], into.map);
    return into;
  }

  private addResources(into: Accumulator, paths: readonly string[]): void {
    for (const path of paths) {
      let fileError: KustomizeError;
      try {
        this.addFile(into, path);
        continue;
      } catch (error) {
        if (!(error instanceof KustomizeError)) throw error;
        fileError = error;
      }
      try {
        this.addFolder(into, this.loader.enter(path), path, false);
      } catch (error) {
        if (!(error instanceof KustomizeError)) throw error;
        // A file that is no YAML was meant as a file: what is wrong with it as a folder would only confuse.
        if (fileError.code === 'malformedYaml') throw fileError;
        const { code } = this.isFolderProblem(fileError) ? error : fileError;
        throw new KustomizeError(code, `accumulation err='${fileError.message}': ${error.message}`, {
          path: error.path ?? fileError.path ?? path,
          ...(fileError.line === undefined ? {} : { line: fileError.line }),
          cause: error,
        });
      }
    }
  }

  private isFolderProblem(fileError: KustomizeError): boolean {
    return fileError.code === 'fileMissing';
  }

  private addFile(into: Accumulator, path: string): void {
    const resources = within(`accumulating resources from '${path}'`, () =>
      readResources(this.loader.readText(path), this.context.cache, path),
    );
    const origin: Origin = { path: originPath(this.folder, path) };
    for (const resource of resources) {
      resource.origin = origin;
      if (this.keepsNotes) resource.markAnew();
      this.context.openApi.lookUp(resource.gvk.apiVersion, resource.kind);
    }
    within(`merging resources from '${path}'`, () => into.map.appendAll(resources));
  }

  private addFolder(into: Accumulator, loader: Loader, path: string, isComponent: boolean): void {
    const place = { folder: originPath(this.folder, path) };
    const target = within(
      `couldn't make target for path '${loader.root}'`,
      () => new Target(loader, this.context, place, this.keepsNotes),
    );
    const { kind } = target.file;
    if (isComponent && kind !== 'Component') {
      throw new KustomizeError(
        'invalidKustomization',
        `expected kind 'Component' for path '${loader.root}' but got '${kind ?? ''}'`,
      );
    }
    if (!isComponent && kind === 'Component') {
      throw new KustomizeError('invalidKustomization', `expected kind != 'Component' for path '${loader.root}'`);
    }
    if (isComponent) {
      // A component works on what its user has gathered, as if its fields stood there.
      within(`recursed accumulation of path '${loader.root}'`, () => target.accumulate(into));
      within(`recursed merging from path '${loader.root}'`, () => into.mergeAgain());
      return;
    }
    const below = within(`recursed accumulation of path '${loader.root}'`, () => target.accumulate(new Accumulator()));
    within(`recursed merging from path '${loader.root}'`, () => into.merge(below));
  }

  private addComponents(into: Accumulator): void {
    for (const path of this.file.components ?? []) {
      let loader: Loader;
      try {
        loader = this.loader.enter(path);
      } catch (error) {
        throw error instanceof KustomizeError ? error.reworded(`loader.New "${error.message}"`) : error;
      }
      try {
        this.addFolder(into, loader, path, true);
      } catch (error) {
        throw error instanceof KustomizeError
          ? error.reworded(`accumulateDirectory: "${error.message.replaceAll('"', '\\"')}"`)
          : error;
      }
    }
  }

  private addConfigurations(into: Accumulator): void {
    into.config = into.config.merge(TransformerConfig.default);
    for (const path of this.file.configurations ?? []) {
      into.config = into.config.mergeData(parseTransformerConfig(this.loader.readText(path)));
    }
    for (const path of this.file.crds ?? []) {
      into.config = into.config.mergeData(parseCrds(this.loader.readText(path), path));
    }
  }

  private runGenerators(into: Accumulator): void {
    const { configMapGenerator = [], secretGenerator = [], generatorOptions } = this.file;
    for (const args of configMapGenerator) {
      this.absorb(into, 'ConfigMapGenerator', generateConfigMap(args, generatorOptions, this.loader));
    }
    for (const args of secretGenerator) {
      this.absorb(into, 'SecretGenerator', generateSecret(args, generatorOptions, this.loader));
    }
    this.refuseCharts();
    const plugins = within('loading generator plugins', () => this.loadPlugins(this.file.generators ?? []));
    for (const plugin of plugins) {
      for (const generated of pluginGenerated(plugin, this.loader)) {
        generated.origin = pluginOrigin(plugin);
        absorb(into.map, generated);
      }
    }
  }

  private absorb(into: Accumulator, kind: string, generated: Resource): void {
    generated.origin = builtinOrigin(this.configuredIn, kind);
    absorb(into.map, generated);
  }

  /** The configurations that `generators` and `transformers` name: inline, in files, or built by a kustomization. */
  private loadPlugins(sources: readonly string[]): readonly Resource[] {
    const plugins = new Accumulator();
    const paths: string[] = [];
    for (const source of sources) {
      const inline = this.inlinePlugins(source);
      if (inline === undefined) paths.push(source);
      else plugins.map.appendAll(inline);
    }
    this.addResources(plugins, paths);
    return plugins.map.resources;
  }

  private inlinePlugins(source: string): readonly Resource[] | undefined {
    try {
      const resources = readResources(source);
      for (const resource of resources) resource.origin = { path: this.configuredIn };
      return resources;
    } catch (error) {
      if (error instanceof KustomizeError) return undefined;
      throw error;
    }
  }

  /** As kustomize without `--enable-helm`. */
  private refuseCharts(): void {
    const [chart] = [...(this.file.helmChartInflationGenerator ?? []), ...(this.file.helmCharts ?? [])];
    if (chart !== undefined) {
      const message = `trouble configuring builtin HelmChartInflationGenerator with config: \`\n${print(chart)}\`: must specify --enable-helm`;
      throw new KustomizeError('unsupported', message, { path: this.loader.root });
    }
  }

  /** All are read before the first one runs. */
  private runTransformers(into: Accumulator): void {
    const steps: { transformer: Transformer; origin: Origin }[] = [];
    for (const transformer of builtinTransformers(this.file, into.config, this.loader, this.context.openApi)) {
      steps.push({ transformer, origin: builtinOrigin(this.configuredIn, transformer.kind) });
    }
    for (const plugin of this.loadPlugins(this.file.transformers ?? [])) {
      steps.push({
        transformer: pluginTransformer(plugin, this.loader, this.context.openApi),
        origin: pluginOrigin(plugin),
      });
    }
    for (const { transformer, origin } of steps) {
      this.context.checkpoint();
      transformer.run(into.map);
      if (this.keepsNotes) for (const resource of into.map.resources) resource.noteTransformation(origin);
      into.map.dropEmpty();
    }
  }

  /** Transformers that may change nothing but their own label. */
  private runValidators(into: Accumulator): void {
    const validators = this.loadPlugins(this.file.validators ?? []).map((plugin) =>
      pluginTransformer(plugin, this.loader, this.context.openApi),
    );
    for (const validator of validators) {
      const before = into.map.resources.map((resource) => resource.clone());
      validator.run(into.map);
      const changed = firstChange(before, into.map.resources);
      if (changed === undefined) continue;
      throw new KustomizeError('transformerFailed', `validator shouldn't modify the resource map: ${changed}`, {
        path: this.loader.root,
      });
    }
  }
}

function pluginOrigin(plugin: Resource): Origin {
  const { gvk, name, namespace, origin } = plugin;
  return {
    ...(origin?.path === undefined ? {} : { configuredIn: origin.path }),
    configuredBy: { apiVersion: gvk.apiVersion, kind: gvk.kind, name, ...(namespace === '' ? {} : { namespace }) },
  };
}

const validatedBy = 'validated-by';

/** What a validator has changed, in words; undefined when nothing. */
function firstChange(before: readonly Resource[], after: readonly Resource[]): string | undefined {
  if (before.length !== after.length) return 'lists have different number of entries';
  const index = new Map(after.map((resource) => [idKey(resource.currentId()), resource]));
  for (const old of before) {
    const id = old.currentId();
    const now = index.get(idKey(id))?.clone();
    if (now === undefined) return `id in self missing from other; id: ${formatId(id)}`;
    const labels = now.labels();
    if (labels.delete(validatedBy)) now.setLabels(labels);
    if (!equalNodes(old.node, now.node) || old.timesRemembered !== now.timesRemembered) return 'nodes unequal';
  }
  return undefined;
}
