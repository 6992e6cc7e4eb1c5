/**
 * What each area may import: areas by their door (`#area`), npm packages by name, `node:` always. Nothing else resolves: no
 * path climbs out of an area. `node hack/areas.ts` writes the doors into package.json; `--check` also refuses every import
 * that its area's row does not name.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

interface Area {
  readonly folder: string;
  /** Name behind the `#`; absent for what nobody imports. */
  readonly door?: string;
  readonly areas: readonly string[];
  readonly packages: readonly string[];
}

const areas: readonly Area[] = [
  { folder: 'crds', door: 'crds', areas: [], packages: [] },
  { folder: 'lib/concurrency', door: 'concurrency', areas: [], packages: [] },
  { folder: 'lib/kustomize', door: 'kustomize', areas: ['concurrency'], packages: ['js-yaml', 'yaml', 're2js'] },
  { folder: 'lib/cel', door: 'cel', areas: [], packages: ['re2js'] },
  {
    folder: 'lib/sops',
    door: 'sops',
    areas: ['kustomize'],
    packages: ['age-encryption', 'openpgp', 're2js', 'undici'],
  },
  {
    folder: 'lib/git',
    door: 'git',
    areas: ['concurrency'],
    packages: ['openpgp', 'semver', 'socks', 'ssh2', 'undici'],
  },
  { folder: 'lib/http', door: 'http', areas: [], packages: ['undici'] },
  { folder: 'lib/oci', door: 'oci', areas: ['http'], packages: [] },
  {
    folder: 'lib/artifact',
    door: 'artifact',
    areas: ['concurrency', 'crds'],
    packages: ['@noble/hashes', 'tar-stream', 'undici'],
  },
  { folder: 'lib/helm', door: 'helm', areas: ['artifact', 'git'], packages: ['js-yaml', 'yaml'] },
  { folder: 'lib/kube', door: 'kube', areas: ['concurrency', 'crds'], packages: ['@kubernetes/client-node', 'undici'] },
  { folder: 'lib/apply', door: 'apply', areas: ['cel', 'kube', 'concurrency', 'crds'], packages: [] },
  {
    folder: 'controllers/runtime',
    door: 'runtime',
    areas: ['kube', 'concurrency', 'crds'],
    packages: ['@dot-i/k8s-operator', 'pino', 'prom-client', 'undici'],
  },
  {
    folder: 'controllers/source',
    areas: ['runtime', 'artifact', 'git', 'helm', 'http', 'oci', 'kube', 'concurrency', 'crds'],
    packages: ['re2js', 'undici'],
  },
  {
    folder: 'controllers/kustomize',
    areas: ['runtime', 'artifact', 'kustomize', 'sops', 'apply', 'cel', 'kube', 'concurrency', 'crds'],
    packages: ['undici'],
  },
  {
    folder: 'controllers/notification',
    areas: ['runtime', 'cel', 'kube', 'concurrency', 'crds'],
    packages: ['@nats-io/transport-node', 'jose', 'prom-client', 're2js', 'undici', 'yaml'],
  },
  {
    folder: 'test/kit',
    door: 'test-kit',
    areas: ['cluster', 'crds', 'tools'],
    packages: ['openpgp', 'ssh2', 'undici'],
  },
  { folder: 'hack/cluster', door: 'cluster', areas: ['tools'], packages: ['@kubernetes/client-node'] },
  { folder: 'hack/tools', door: 'tools', areas: [], packages: ['tar-stream'] },
];

/** Tests may also start what the kit offers. */
const forTests = ['test-kit', 'cluster', 'tools'];

function doors(): Record<string, string> {
  return Object.fromEntries(
    areas.flatMap(({ folder, door }) => (door === undefined ? [] : [[`#${door}`, `./${folder}/index.ts`]])),
  );
}

function specifiers(text: string): readonly string[] {
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function refusal(area: Area, file: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('.')) {
    const target = relative(area.folder, resolve(dirname(file), specifier));
    return target.startsWith('..')
      ? `${file}: "${specifier}" climbs out of ${area.folder}; import the door of its area`
      : undefined;
  }
  const isTest = file.endsWith('.test.ts');
  if (specifier.startsWith('#')) {
    const allowed = [...area.areas, ...(isTest ? forTests : [])];
    return allowed.includes(specifier.slice(1)) ? undefined : `${file}: ${area.folder} may not import ${specifier}`;
  }
  return isTest || area.packages.includes(packageName(specifier))
    ? undefined
    : `${file}: ${area.folder} may not import "${specifier}"`;
}

function check(): readonly string[] {
  return areas.flatMap((area) =>
    globSync(`${area.folder}/**/*.ts`, { exclude: (path) => path.includes('testdata') })
      .flatMap((file) => specifiers(readFileSync(file, 'utf8')).map((specifier) => refusal(area, file, specifier)))
      .filter((message) => message !== undefined),
  );
}

const manifest: Record<string, unknown> = JSON.parse(readFileSync('package.json', 'utf8'));
const printed = `${JSON.stringify({ ...manifest, imports: doors() }, null, 2)}\n`;
if (process.argv.includes('--check')) {
  const problems = [...check()];
  if (JSON.stringify(manifest['imports']) !== JSON.stringify(doors()))
    problems.push('package.json: "imports" is stale; run node hack/areas.ts');
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
} else {
  writeFileSync('package.json', printed);
}
