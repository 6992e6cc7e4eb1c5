import { readFile } from 'node:fs/promises';
import type { HelmRepository } from '#crds';
import { findVersion, HelmError, parseIndex, pickVersion, type RepositoryIndex } from '#helm';
import { discard, HttpError, readBody, send } from '#http';
import { findCredentials, OciError, parseOciUrl, type RegistryCredentials, Repository } from '#oci';
import type { HelmLimits, SourceDeps } from '../deps.ts';
import { type HelmAccess, normalRepositoryUrl, openHelmAccess } from '../helm-access.ts';
import { ChartRepositoryError } from './chart-failure.ts';

/** A version of a chart that a repository has. */
export interface FoundChart {
  readonly name: string;
  readonly version: string;
  /** Of the manifest, in a registry. */
  readonly digest?: string;
  fetch(signal: AbortSignal): Promise<Buffer>;
}

/** Where packed charts come from. */
export interface ChartRepository extends AsyncDisposable {
  /** @throws HelmError 'notFound'; what reaching the repository throws */
  find(chart: string, version: string, signal: AbortSignal): Promise<FoundChart>;
  /** The repository of a chart in a registry, for its signatures; undefined over HTTP. */
  registryOf(chart: string): Repository | undefined;
}

const chartLayers = ['application/vnd.cncf.helm.chart.content.v1.tar+gzip', 'application/tar+gzip'];
const concreteVersion = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/**
 * Opens the repository that an object describes.
 * @param indexFile index that is stored already; without it, it is downloaded when it is needed
 * @throws Error when its Secrets cannot be used
 */
export async function openChartRepository(
  object: HelmRepository,
  indexFile: string | undefined,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<ChartRepository> {
  const access = await openHelmAccess(object, deps, signal);
  const isRegistry = object.spec.type === 'oci' || object.spec.url.startsWith('oci://');
  return isRegistry
    ? new RegistryCharts(object, access, deps.helm)
    : new HttpCharts(object, access, indexFile, deps.helm);
}

class HttpCharts implements ChartRepository {
  readonly #object: HelmRepository;
  readonly #access: HelmAccess;
  readonly #indexFile: string | undefined;
  readonly #limits: HelmLimits;

  constructor(object: HelmRepository, access: HelmAccess, indexFile: string | undefined, limits: HelmLimits) {
    this.#object = object;
    this.#access = access;
    this.#indexFile = indexFile;
    this.#limits = limits;
  }

  registryOf(): undefined {
    return undefined;
  }

  async find(chart: string, version: string, signal: AbortSignal): Promise<FoundChart> {
    const found = findVersion(await this.#index(signal), chart, version);
    const [first] = found.urls;
    if (first === undefined) throw new HelmError('notFound', `chart '${chart}' has no downloadable URLs`);
    return { name: found.name, version: found.version, fetch: (fetchSignal) => this.#fetch(first, fetchSignal) };
  }

  async #index(signal: AbortSignal): Promise<RepositoryIndex> {
    if (this.#indexFile !== undefined) return parseIndex(await readFile(this.#indexFile));
    const url = new URL('index.yaml', normalRepositoryUrl(this.#object.spec.url));
    return parseIndex(await this.#download(url, this.#limits.indexBytes, signal));
  }

  #fetch(reference: string, signal: AbortSignal): Promise<Buffer> {
    const base = normalRepositoryUrl(this.#object.spec.url);
    let url: URL;
    try {
      url = new URL(reference, base);
    } catch (error) {
      throw new ChartRepositoryError(`invalid chart URL format '${reference}'`, { cause: error });
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new ChartRepositoryError(`scheme "${url.protocol}" not supported`);
    }
    if (url.search === '') url.search = base.search;
    return this.#download(url, this.#limits.chartBytes, signal);
  }

  async #download(url: URL, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const base = new URL(this.#object.spec.url);
    const mayKnow = url.origin === base.origin || this.#object.spec.passCredentials === true;
    const { dispatcher, authorization } = this.#access;
    const target = new URL(url);
    target.username = '';
    target.password = '';
    const answer = await send(target, { dispatcher, signal, authorization: mayKnow ? authorization : undefined });
    if (answer.status !== 200) {
      await discard(answer);
      throw new ChartRepositoryError(`failed to fetch ${target.origin}${target.pathname} : ${answer.status}`);
    }
    try {
      return await readBody(answer, maxBytes, signal);
    } catch (error) {
      if (!(error instanceof HttpError) || error.code !== 'tooLarge') throw error;
      throw new HelmError('tooLarge', `chart exceeds the maximum chart size of ${maxBytes} bytes`, { cause: error });
    }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#access[Symbol.asyncDispose]();
  }
}

class RegistryCharts implements ChartRepository {
  readonly #object: HelmRepository;
  readonly #access: HelmAccess;
  readonly #limits: HelmLimits;

  constructor(object: HelmRepository, access: HelmAccess, limits: HelmLimits) {
    this.#object = object;
    this.#access = access;
    this.#limits = limits;
  }

  registryOf(chart: string): Repository {
    const name = parseOciUrl(`${this.#object.spec.url.replace(/\/+$/, '')}/${chart}`);
    return new Repository({
      ...name,
      credentials: this.#credentials(name.registry, name.repository),
      insecure: this.#object.spec.insecure,
      dispatcher: this.#access.dispatcher,
    });
  }

  async find(chart: string, version: string, signal: AbortSignal): Promise<FoundChart> {
    const repository = this.registryOf(chart);
    const picked = concreteVersion.test(version) ? version : await newest(repository, chart, version, signal);
    const digest = await resolveChart(repository, chart, picked, signal);
    const name = chart.slice(chart.lastIndexOf('/') + 1);
    const fetch = (fetchSignal: AbortSignal): Promise<Buffer> =>
      pullChart(repository, digest, this.#limits.chartBytes, fetchSignal);
    return { name, version: picked, digest, fetch };
  }

  #credentials(registry: string, repository: string): RegistryCredentials | undefined {
    const { login, secret } = this.#access;
    const config = secret?.['.dockerconfigjson'];
    return config === undefined ? login : findCredentials(config, registry, repository);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#access[Symbol.asyncDispose]();
  }
}

/** Tags cannot hold a plus sign, so charts are pushed with an underscore in its place. */
async function newest(repository: Repository, chart: string, range: string, signal: AbortSignal): Promise<string> {
  const tags = await repository.listTags(signal);
  const found = pickVersion(
    tags.map((tag) => tag.replaceAll('_', '+')),
    range,
  );
  if (found !== undefined) return found;
  throw new HelmError('notFound', `could not locate a version matching provided version string ${range} of '${chart}'`);
}

async function resolveChart(
  repository: Repository,
  chart: string,
  version: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await repository.resolve(version.replaceAll('+', '_'), signal);
  } catch (error) {
    if (!(error instanceof OciError) || error.code !== 'notFound') throw error;
    throw new HelmError('notFound', `no '${chart}' chart with version matching '${version}' found: ${error.message}`, {
      cause: error,
    });
  }
}

async function pullChart(
  repository: Repository,
  digest: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { content } = await repository.manifest(digest, signal);
  const layer = content.kind === 'manifest' && content.layers.find(({ mediaType }) => chartLayers.includes(mediaType));
  if (layer === false || layer === undefined) throw new ChartRepositoryError(`manifest ${digest} has no chart layer`);
  if (layer.sizeBytes > maxBytes) {
    throw new HelmError('tooLarge', `chart exceeds the maximum chart size of ${maxBytes} bytes`);
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of repository.blob(layer, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}
