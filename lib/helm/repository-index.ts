import { highestInRange, parseTagVersion } from '#git';
import { CORE_SCHEMA, load } from 'js-yaml';
import { HelmError } from './helm-error.ts';

/** One version of a chart in an index, with all fields that it came with. */
export interface ChartVersion {
  readonly name: string;
  readonly version: string;
  /** Absolute, or relative to the repository. */
  readonly urls: readonly string[];
  /** SHA-256 of the archive in hex; empty where the index does not say. */
  readonly digest: string;
  readonly created: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface RepositoryIndex {
  readonly entries: ReadonlyMap<string, readonly ChartVersion[]>;
  /** What stands beside the entries. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const loosePattern = /^v?\d+(?:\.\d+)?(?:\.\d+)?(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** More values than this came out of aliases that multiply, not out of a file. */
const mostValues = 20_000_000;

/**
 * Reads `index.yaml`, or the JSON that we store. Versions that Helm would not accept are left out; the others are sorted, newest first.
 * @throws HelmError 'badIndex'
 */
export function parseIndex(bytes: Buffer): RepositoryIndex {
  const text = bytes.toString('utf8');
  if (text.trim() === '') throw new HelmError('badIndex', 'empty index.yaml file');
  const root = parseText(text);
  if (!isRecord(root)) throw new HelmError('badIndex', 'the index is no map');
  if (typeof root['apiVersion'] !== 'string' || root['apiVersion'] === '') {
    throw new HelmError('badIndex', 'no API version specified');
  }
  const { entries = {}, ...fields } = root;
  if (!isRecord(entries)) throw new HelmError('badIndex', 'the entries of the index are no map');
  const charts = Object.entries(entries).map(([name, versions]): [string, readonly ChartVersion[]] => [
    name,
    Array.isArray(versions) ? versions.flatMap(chartVersion).toSorted(newestFirst) : [],
  ]);
  return { entries: new Map(charts), fields };
}

function parseText(text: string): unknown {
  try {
    if (text.trimStart().startsWith('{')) return JSON.parse(text);
    const value: unknown = load(text, { schema: CORE_SCHEMA });
    countValues(value, { left: mostValues });
    return value;
  } catch (error) {
    if (error instanceof HelmError) throw error;
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new HelmError('badIndex', `cannot parse the index: ${why.slice(0, 200)}`, { cause: error });
  }
}

function countValues(value: unknown, budget: { left: number }): void {
  if (--budget.left < 0) throw new HelmError('badIndex', `the index has more than ${mostValues} values`);
  if (Array.isArray(value)) for (const item of value) countValues(item, budget);
  else if (isRecord(value)) for (const item of Object.values(value)) countValues(item, budget);
}

function chartVersion(value: unknown): readonly ChartVersion[] {
  if (!isRecord(value)) return [];
  const { name, version, type = '' } = value;
  if (typeof name !== 'string' || name === '' || /[/\\]/.test(name) || name === '.' || name === '..') return [];
  if (typeof version !== 'string' || !loosePattern.test(version)) return [];
  if (type !== '' && type !== 'application' && type !== 'library') return [];
  const urls = Array.isArray(value['urls']) ? value['urls'].filter((url) => typeof url === 'string') : [];
  const text = (field: string): string => (typeof value[field] === 'string' ? value[field] : '');
  const digest = text('digest').replace(/^sha256:/, '');
  const fields = { ...value, apiVersion: text('apiVersion') === '' ? 'v1' : text('apiVersion') };
  return [{ name, version, urls, digest, created: text('created'), fields }];
}

function newestFirst(a: ChartVersion, b: ChartVersion): number {
  const [left, right] = [sortable(a.version), sortable(b.version)];
  if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
  return right.version.compare(left.version) || (a.created < b.created ? 1 : Number(a.created > b.created) * -1);
}

/** Helm sorts `1` and `1.2` as if zeros followed. */
function sortable(version: string): ReturnType<typeof parseTagVersion> {
  const [, numbers = '', rest = ''] = /^v?([\d.]+)(.*)$/.exec(version) ?? [];
  return parseTagVersion(`${[...numbers.split('.'), '0', '0'].slice(0, 3).join('.')}${rest}`);
}

/** As pretty JSON, which is YAML too and is read many times faster. */
export function printIndex({ entries, fields }: RepositoryIndex): string {
  const printed = Object.fromEntries([...entries].map(([name, versions]) => [name, versions.map((one) => one.fields)]));
  return `${JSON.stringify({ ...fields, entries: printed }, null, 2)}\n`;
}

/**
 * The version of a chart that is asked for: an exact one, or the newest in a range.
 * @throws HelmError 'notFound'
 */
export function findVersion(index: RepositoryIndex, name: string, wanted: string): ChartVersion {
  const versions = index.entries.get(name);
  if (versions === undefined || versions.length === 0) {
    throw new HelmError('notFound', `no chart name found: no '${name}' chart with version matching '${wanted}' found`);
  }
  const exact = wanted === '' ? undefined : versions.find(({ version }) => version === wanted);
  if (exact !== undefined) return exact;
  const best = pickVersion(
    versions.map(({ version }) => version),
    wanted,
  );
  // Equal versions: the newest is first.
  const found = versions.find(({ version }) => version === best);
  if (found === undefined)
    throw new HelmError('notFound', `no '${name}' chart with version matching '${wanted}' found`);
  return found;
}

/** The highest version in a range; `*` and nothing mean any release. Undefined without one. */
export function pickVersion(versions: readonly string[], range: string): string | undefined {
  try {
    return highestInRange(versions, range === '' ? '*' : range)[0]?.tag;
  } catch (error) {
    throw new HelmError('notFound', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
