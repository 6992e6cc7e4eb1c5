import { parse, parseDocument } from 'yaml';
import { HelmError } from './helm-error.ts';

/** One entry of `dependencies` in `Chart.yaml` (or `requirements.yaml`). */
export interface ChartDependency {
  readonly name: string;
  readonly version: string;
  /** `https://…`, `oci://…`, `file://…`, or empty: then it is in `charts/` already. */
  readonly repository: string;
}

export interface ChartMetadata {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly ChartDependency[];
}

/** A chart as its files, by path relative to its root. */
export interface Chart {
  readonly metadata: ChartMetadata;
  readonly files: ReadonlyMap<string, Buffer>;
}

const metadataFile = 'Chart.yaml';
const oldRequirements = 'requirements.yaml';
const namePattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** Every scalar is text, as it stands: versions such as `1.10` keep their zero. */
const asWritten = { schema: 'failsafe', maxAliasCount: 100 } as const;

/**
 * Reads what a chart says of itself.
 * @throws HelmError 'badChart'
 */
export function chartOf(files: ReadonlyMap<string, Buffer>): Chart {
  const bytes = files.get(metadataFile);
  if (bytes === undefined) throw new HelmError('badChart', 'Chart.yaml file is missing');
  const fields = parseMap(bytes, metadataFile);
  const name = textOf(fields['name']);
  const version = textOf(fields['version']);
  if (!namePattern.test(name))
    throw new HelmError('badChart', `chart.metadata.name ${JSON.stringify(name)} is invalid`);
  if (!/^v?\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/.test(version)) {
    throw new HelmError('badChart', `chart.metadata.version ${JSON.stringify(version)} is invalid`);
  }
  const requirements = files.get(oldRequirements);
  const own = fields['dependencies'] ?? (requirements && parseMap(requirements, oldRequirements)['dependencies']);
  return { metadata: { name, version, dependencies: dependenciesOf(own) }, files };
}

function dependenciesOf(list: unknown): readonly ChartDependency[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).map((entry) => {
    const name = textOf(entry['name']);
    if (!namePattern.test(name)) throw new HelmError('badChart', `dependency name ${JSON.stringify(name)} is invalid`);
    return { name, version: textOf(entry['version']), repository: textOf(entry['repository']) };
  });
}

/** The chart under another version; everything else in `Chart.yaml`, comments included, stays. */
export function withVersion(chart: Chart, version: string): Chart {
  const document = parseDocument(chart.files.get(metadataFile)?.toString('utf8') ?? '', asWritten);
  document.set('version', version);
  return withFiles({ ...chart, metadata: { ...chart.metadata, version } }, [
    [metadataFile, Buffer.from(document.toString({ lineWidth: 0 }))],
  ]);
}

export function withFiles(chart: Chart, files: Iterable<readonly [string, Buffer]>): Chart {
  return { ...chart, files: new Map([...chart.files, ...files]) };
}

/** Names of the charts that lie in `charts/`, as folders or archives. */
export function bundledCharts({ files }: Chart): ReadonlySet<string> {
  const names = new Set<string>();
  for (const path of files.keys()) {
    const folder = /^charts\/([^/]+)\/Chart\.yaml$/.exec(path)?.[1];
    const archive = /^charts\/(.+)-v?\d+\.[^/]*\.tgz$/.exec(path)?.[1];
    if (folder !== undefined) names.add(folder);
    if (archive !== undefined) names.add(archive);
  }
  return names;
}

function parseMap(bytes: Buffer, file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parse(bytes.toString('utf8'), asWritten);
  } catch (error) {
    throw new HelmError('badChart', `cannot load ${file}: it is no YAML`, { cause: error });
  }
  if (!isRecord(value)) throw new HelmError('badChart', `cannot load ${file}: it is no map`);
  return value;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
