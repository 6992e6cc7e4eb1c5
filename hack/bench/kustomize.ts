/**
 * Our engine in process beside the real kustomize, on the same roots: 131 objects of 5.8 MB from the corpus beside
 * the project, when it is there, and 26, 200 and 2,000 objects below three overlays, written to a temporary folder.
 * Run: node hack/bench/kustomize.ts [runs]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, diskFileSystem, ParseCache } from '#kustomize';
import { toolPath } from '#tools';

const runs = Number(process.argv[2] ?? 5);
const corpus = resolve(import.meta.dirname, '../../../shared/corpus');

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function timed<T>(work: () => T): { ms: number; result: T } {
  const start = performance.now();
  const result = work();
  return { ms: performance.now() - start, result };
}

/** `count` Deployments with their Services, each level adding a prefix, labels, an image and a patch. */
function writeStack(folder: string, count: number): string {
  const put = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const files: string[] = [];
  for (let i = 0; i < count / 2; i++) {
    const name = `app-${i}`;
    files.push(`${name}.yaml`);
    put(
      `base/${name}.yaml`,
      `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      serviceAccountName: runner
      containers:
      - name: main
        image: registry.example/team/app:1.0.${i}
        env: [{name: INDEX, value: "${i}"}, {name: CFG, valueFrom: {configMapKeyRef: {name: settings, key: a}}}]
        ports: [{containerPort: 8080, name: http}]
        resources: {requests: {cpu: 10m, memory: 32Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: http}]}
`,
    );
  }
  const list = files.map((file) => `- ${file}`).join('\n');
  put('base/kustomization.yaml', `resources:\n${list}\nconfigMapGenerator: [{name: settings, literals: [a=1]}]\n`);
  const levels = ['one', 'two', 'three'];
  levels.forEach((level, i) => {
    put(
      `${level}/kustomization.yaml`,
      `resources: [../${i === 0 ? 'base' : (levels[i - 1] ?? '')}]
namePrefix: ${level}-
namespace: ${level}
labels: [{pairs: {level-${level}: "yes"}, includeSelectors: true}]
images: [{name: registry.example/team/app, newTag: "${i + 2}"}]
patches:
- target: {kind: Deployment, name: .*app-1.*}
  patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: any}
    spec: {template: {spec: {containers: [{name: main, env: [{name: LEVEL, value: ${level}}]}]}}}
`,
    );
  });
  return join(folder, 'three');
}

const kustomize = await toolPath('kustomize');
const temporary = mkdtempSync(join(tmpdir(), 'kustomize-bench-'));
try {
  const roots = [
    { name: '26 objects', dir: writeStack(join(temporary, 'tiny'), 26) },
    { name: '131 objects, 5.8 MB', dir: join(corpus, 'prometheus-operator+kube-prometheus') },
    { name: '200 objects, 3 levels', dir: writeStack(join(temporary, 'small'), 200) },
    { name: '2,000 objects, 3 levels', dir: writeStack(join(temporary, 'large'), 2000) },
  ].filter(({ name, dir }) => {
    if (!existsSync(dir)) console.log(`${name}: no such root here`);
    return existsSync(dir);
  });
  console.log('root                     kustomize   first    warm  cached   bytes  equal');
  for (const { name, dir } of roots) {
    // The large stack takes kustomize most of a minute: once is enough.
    const real = [...Array(name.startsWith('2,000') ? 1 : runs)].map(() =>
      timed(() => spawnSync(kustomize, ['build', dir], { maxBuffer: 1 << 28 }).stdout),
    );
    const once = (cache?: ParseCache): string =>
      build(diskFileSystem(), dir, {
        loadRestrictions: 'rootOnly',
        order: 'legacy',
        ...(cache === undefined ? {} : { cache }),
      }).print();
    const first = timed(once);
    const warm = [...Array(runs)].map(() => timed(once).ms);
    const cache = new ParseCache(64 << 20);
    once(cache);
    const cached = [...Array(runs)].map(() => timed(() => once(cache)).ms);
    const equal = Buffer.from(first.result).equals(real[0]?.result ?? Buffer.alloc(0));
    const cells = [median(real.map(({ ms }) => ms)), first.ms, median(warm), median(cached)].map((ms) =>
      ms.toFixed(1).padStart(8),
    );
    console.log(`${name.padEnd(25)}${cells.join('')}${String(first.result.length).padStart(9)}  ${equal}`);
  }
} finally {
  rmSync(temporary, { recursive: true });
}
