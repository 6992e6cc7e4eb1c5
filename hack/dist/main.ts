/**
 * Writes one bundle per program into dist/: the program, its source map and the licences of what is in it. `--check` builds
 * into a temporary folder instead, starts each program with --help, and fails when a bundle grew past its bounds.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

const programs = ['source', 'kustomize', 'notification'] as const;

/** Bounds of a bundle, generous enough not to fail for noise: a library taken whole by mistake is ten times this. */
const maxBundleBytes = 6_000_000;
const maxStartRssBytes = 120 * 1024 * 1024;

const root = resolve(import.meta.dirname, '../..');
const besideThis = (file: string): string => resolve(import.meta.dirname, file);

/** Packages of which the programs use a part: what the bundles take instead, whoever imports them. */
const slimPackages: Plugin = {
  name: 'slim-packages',
  setup(bundle) {
    bundle.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({ path: besideThis('client-node-facade.js') }));
    bundle.onResolve({ filter: /^undici$/ }, () => ({ path: besideThis('undici-facade.js') }));
    // The operator base class calls it in methods that are overridden.
    bundle.onResolve({ filter: /^gaxios$/ }, () => ({ path: 'gaxios', namespace: 'empty' }));
    bundle.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'export const instance = {};' }));
    const gen = (path: string): string => join(root, 'node_modules/@kubernetes/client-node/dist/gen', path);
    bundle.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ importer }) =>
      importer.includes('@kubernetes/client-node/dist') ? { path: 'gen', namespace: 'client-node-gen' } : undefined,
    );
    bundle.onLoad({ filter: /.*/, namespace: 'client-node-gen' }, () => ({
      contents: `export { createConfiguration } from ${JSON.stringify(gen('configuration.js'))};
export { ServerConfiguration } from ${JSON.stringify(gen('servers.js'))};`,
      resolveDir: root,
    }));
  },
};

/**
 * A library that stays a file of its own, as its authors publish it: its licence (LGPL) wants that a user can replace it, and
 * a program that never loads it does not read its 400 kB.
 */
const separate = { name: 'openpgp', file: 'node_modules/openpgp/dist/node/openpgp.min.mjs', as: 'openpgp.mjs' };

const keepSeparate: Plugin = {
  name: 'keep-separate',
  setup(bundle) {
    bundle.onResolve({ filter: new RegExp(`^${separate.name}$`) }, () => ({
      path: `./${separate.as}`,
      external: true,
    }));
  },
};

/** CommonJS packages inside an ES module bundle still call `require` for Node's own modules. */
const banner = `import { createRequire as sluiceCreateRequire } from 'node:module';
import sluiceModule from 'node:module';
sluiceModule.enableCompileCache?.();
const require = sluiceCreateRequire(import.meta.url);
const __filename = import.meta.filename; const __dirname = import.meta.dirname;`;

async function bundleProgram(name: string, folder: string): Promise<string> {
  const outfile = join(folder, `${name}-controller.mjs`);
  const result = await build({
    entryPoints: [join(root, `controllers/${name}/main.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifySyntax: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    banner: { js: banner },
    plugins: [slimPackages, keepSeparate],
    external: ['cpu-features'],
    logLevel: 'warning',
  });
  const uses = Object.values(result.metafile.outputs).some(({ imports }) =>
    imports.some(({ path }) => path === `./${separate.as}`),
  );
  if (uses) copyFileSync(join(root, separate.file), join(folder, separate.as));
  writeFileSync(
    join(folder, `${name}-controller.LICENSES.txt`),
    licences(result.metafile, uses ? [separate.file] : []),
  );
  return outfile;
}

/** The licence text of every npm package that has a file in the bundle, or beside it. */
function licences(metafile: Metafile, beside: readonly string[]): string {
  const packages = new Set<string>();
  for (const input of [...Object.keys(metafile.inputs), ...beside]) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(relative(root, resolve(input)));
    if (match?.[1] !== undefined) packages.add(match[1]);
  }
  return [...packages]
    .toSorted()
    .map((folder) => {
      const manifest: { name: string; version: string; license?: string } = JSON.parse(
        readFileSync(join(root, folder, 'package.json'), 'utf8'),
      );
      const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? '' : `\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
      return `${manifest.name} ${manifest.version} (${manifest.license ?? 'see its text'})\n${text}`;
    })
    .join('\n----\n\n');
}

/** Starts a bundle with --help and reads its peak memory. */
function problemsOf(file: string): readonly string[] {
  const problems: string[] = [];
  const bytes = statSync(file).size;
  if (bytes > maxBundleBytes) problems.push(`${file}: ${bytes} bytes, expected at most ${maxBundleBytes}`);
  const probe = `process.on('exit', () => console.error('maxrss=' + process.resourceUsage().maxRSS)); process.argv.splice(1, 0, ${JSON.stringify(file)}); await import(${JSON.stringify(file)});`;
  const run = spawnSync(
    process.execPath,
    ['--input-type=module', '--max-semi-space-size=2', '-e', probe, '--', '--help'],
    { encoding: 'utf8' },
  );
  if (run.status !== 0 || !run.stdout.startsWith('Usage of ')) {
    problems.push(`${file}: --help ended with ${run.status}: ${run.stderr.slice(0, 2000)}`);
  }
  const rssBytes = Number(/maxrss=(\d+)/.exec(run.stderr)?.[1] ?? Number.NaN) * 1024;
  if (!(rssBytes <= maxStartRssBytes))
    problems.push(`${file}: ${rssBytes} bytes resident at start, expected at most ${maxStartRssBytes}`);
  else
    console.log(
      `${relative(dirname(file), file)}: ${(bytes / 1e6).toFixed(1)} MB, ${Math.round(rssBytes / 1024 / 1024)} MB resident after --help`,
    );
  return problems;
}

const checking = process.argv.includes('--check');
const folder = checking ? mkdtempSync(join(tmpdir(), 'sluice-dist-')) : join(root, 'dist');
if (!checking) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
try {
  const files: string[] = [];
  for (const name of programs)
    if (existsSync(join(root, `controllers/${name}/main.ts`))) files.push(await bundleProgram(name, folder));
  const problems = files.flatMap(problemsOf);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 && files.length === programs.length ? 0 : 1;
} finally {
  if (checking) rmSync(folder, { recursive: true, force: true });
}
