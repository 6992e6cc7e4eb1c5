import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { mapLimit } from '#concurrency';
import { checkStatus, sharedCluster, waitFor } from '#test-kit';
import { toolPath } from '#tools';
import { conditionOf, type Live } from './live.ts';
import { gitRepository, kustomization } from './manifests.ts';
import { checkOwnership } from './orphans.ts';
import { openPlatform, pathOf, type Platform } from './platform.ts';

/** Real kustomizations of public repositories, kept beside the project. */
const corpus = join(import.meta.dirname, '../../../shared/corpus');
const indexFile = existsSync(join(corpus, 'index.json')) ? join(corpus, 'index.json') : undefined;

interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
}

interface Root {
  readonly dir: string;
  /** Name of its Kustomization. */
  readonly name: string;
  /** What the real kustomize builds of it. */
  readonly objects: readonly Identity[];
}

/** Roots with objects of one name, and users and makers of one namespace, are never in the cluster together. */
function batchesOf(roots: readonly Root[]): readonly (readonly Root[])[] {
  const batches: { readonly roots: Root[]; readonly taken: Set<string>; readonly used: Set<string> }[] = [];
  for (const root of roots) {
    const ids = root.objects.map(({ kind, namespace, name }) => `${kind}/${namespace ?? ''}/${name}`);
    const used = namespacesOf(root).map((name) => `Namespace//${name}`);
    let batch = batches.find(
      ({ taken, used: others }) =>
        ids.every((id) => !taken.has(id) && !others.has(id)) && used.every((id) => !taken.has(id)),
    );
    if (batch === undefined) batches.push((batch = { roots: [], taken: new Set(), used: new Set() }));
    batch.roots.push(root);
    for (const id of ids) batch.taken.add(id);
    for (const id of used) if (!ids.includes(id)) batch.used.add(id);
  }
  return batches.map((batch) => batch.roots);
}

/** Namespaces of its objects. */
function namespacesOf({ objects }: Root): readonly string[] {
  return [...new Set(objects.flatMap(({ namespace }) => (namespace === undefined ? [] : [namespace])))];
}

async function readRoots(file: string): Promise<readonly Root[]> {
  const kustomize = await toolPath('kustomize');
  const index: { roots: { dir: string; ok: boolean; tier: number }[] } = JSON.parse(readFileSync(file, 'utf8'));
  const good = index.roots.filter(({ ok, tier }) => ok && tier === 1);
  return mapLimit(good, 2, async ({ dir }, position) => ({
    dir,
    name: `root-${String(position).padStart(3, '0')}`,
    objects: identitiesOf(await run(kustomize, ['build', join(corpus, dir)])),
  }));
}

function run(program: string, args: readonly string[]): Promise<string> {
  const options = { maxBuffer: 1 << 28, env: { PATH: '/nonexistent', HOME: '/nonexistent' } };
  return new Promise((resolve, reject) => {
    execFile(program, [...args], options, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
}

function identitiesOf(text: string): readonly Identity[] {
  const text_ = (value: unknown): string => (typeof value === 'string' ? value : '');
  return parseAllDocuments(text, { logLevel: 'error' }).map((document) => ({
    apiVersion: text_(document.getIn(['apiVersion'])),
    kind: text_(document.getIn(['kind'])),
    name: String(document.getIn(['metadata', 'name'])),
    namespace: text_(document.getIn(['metadata', 'namespace'])) || undefined,
  }));
}

/** The files of the repositories that the roots are in. */
async function readFiles(roots: readonly Root[]): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  for (const repository of new Set(roots.map(({ dir }) => dir.split('/')[0] ?? ''))) {
    const entries = await readdir(join(corpus, repository), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((found) => found.isFile())) {
      const path = join(entry.parentPath, entry.name);
      files[path.slice(corpus.length + 1)] = await readFile(path);
    }
  }
  return files;
}

/** Waits until the first run has ended, however. */
function ended(platform: Platform, namespace: string, name: string): Promise<Live> {
  return waitFor(
    async () => {
      const object = await platform.get('kustomizations', namespace, name);
      const ready = object?.status.conditions.find(({ type }) => type === 'Ready');
      return ready === undefined || ready.status === 'Unknown' ? undefined : object;
    },
    { timeoutMs: 60_000, pollMs: 100, what: `the run of ${name}` },
  );
}

/** Makes sure that the namespaces exist; one that is being deleted is waited for. */
async function makeNamespaces(platform: Platform, names: readonly string[]): Promise<void> {
  await mapLimit(names, 4, async (name) => {
    await waitFor(
      async () => {
        const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
        if ((await platform.cluster.request('POST', '/api/v1/namespaces', body)).status === 201) return true;
        const there = await platform.cluster.get(`/api/v1/namespaces/${name}`);
        return (there?.['status'] as { phase?: string } | undefined)?.phase === 'Active';
      },
      { timeoutMs: 60_000, what: `namespace ${name}` },
    );
  });
}

/** `Kind.apiVersion` of what kubectl finds no kind for, of all that is asked for. */
async function unknownKinds(platform: Platform, roots: readonly Root[]): Promise<ReadonlySet<string>> {
  const kinds = new Map(
    roots.flatMap(({ objects }) => objects.map((object) => [`${object.kind}.${object.apiVersion}`, object] as const)),
  );
  const items = [...kinds.values()].map(({ apiVersion, kind }) => ({ apiVersion, kind, metadata: { name: 'probe' } }));
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const args = ['apply', '--server-side', '--dry-run=server', '--validate=false', '-f', '-'];
  const { stderr } = await platform.cluster.kubectl(args, { input });
  const found = stderr.matchAll(/no matches for kind "([^"]+)" in version "([^"]+)"/g);
  return new Set([...found].map(([, kind, version]) => `${kind}.${version}`));
}

/** Of the kinds that the corpus uses and this cluster lacks. */
const clusterScoped: ReadonlySet<string> = new Set([
  'CiliumBGPAdvertisement',
  'CiliumBGPClusterConfig',
  'CiliumBGPPeerConfig',
  'CiliumL2AnnouncementPolicy',
  'CiliumLoadBalancerIPPool',
  'ClusterIssuer',
  'ClusterPolicy',
  'ClusterRepository',
  'ClusterSecretStore',
  'GatewayClass',
]);

/** Definitions for kinds (`Kind.group/version`) that take anything. */
function definitions(kinds: readonly string[]): readonly { readonly metadata: { readonly name: string } }[] {
  const versionsOf = new Map<string, string[]>();
  for (const identity of kinds) {
    const [, kind = '', group = '', version = ''] = /^([^.]+)\.(.*)\/(.*)$/.exec(identity) ?? [];
    const versions = versionsOf.get(`${kind}.${group}`) ?? [];
    versionsOf.set(`${kind}.${group}`, [...versions, version]);
  }
  return [...versionsOf].map(([identity, versions]) => definition(identity, versions));
}

function definition(identity: string, versions: readonly string[]): { readonly metadata: { readonly name: string } } {
  const [kind = '', ...group] = identity.split('.');
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return Object.freeze({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group.join('.')}`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved: stands in for the real one in a test' },
    },
    spec: {
      group: group.join('.'),
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope: clusterScoped.has(kind) ? 'Cluster' : 'Namespaced',
      versions: versions.map((name, index) => ({ name, served: true, storage: index === 0, schema })),
    },
  });
}

/** How the run of one root ended. */
interface End {
  readonly root: Root;
  /** Message of the Ready condition; undefined when it is True. */
  readonly failure: string | undefined;
}

interface Corpus {
  readonly platform: Platform;
  readonly namespace: string;
  /** Roots with objects that name no namespace and need one; they get one of their own. */
  readonly homeless: Set<Root>;
}

/** Applies the roots, each to its end, checks what they own, and deletes all again. */
async function sweepBatch(corpusRun: Corpus, batch: readonly Root[]): Promise<readonly End[]> {
  const { platform, namespace, homeless } = corpusRun;
  const targetOf = (root: Root): string | undefined => (homeless.has(root) ? `${namespace}-${root.name}` : undefined);
  const made = new Set(
    batch.flatMap(({ objects }) => objects.flatMap(({ kind, name }) => (kind === 'Namespace' ? [name] : []))),
  );
  const used = new Set([...batch.flatMap(namespacesOf), ...batch.map(targetOf).filter((name) => name !== undefined)]);
  await makeNamespaces(
    platform,
    [...used].filter((name) => !made.has(name)),
  );
  for (const root of batch) {
    const spec = { path: `./${root.dir}`, targetNamespace: targetOf(root) };
    await platform.apply(kustomization(namespace, root.name, 'corpus', spec));
  }
  const ends: End[] = [];
  for (const root of batch) {
    const object = await ended(platform, namespace, root.name);
    checkStatus(object, { settled: false });
    const condition = conditionOf(object, 'Ready');
    const failed = /^False ReconciliationFailed: ([^]*)$/.exec(condition);
    assert.ok(failed !== null || condition.startsWith('True '), `${root.dir}: ${condition}`);
    if (failed === null) assert.deepEqual(inventoryOf(object), wantedInventory(root, targetOf(root)), root.dir);
    ends.push({ root, failure: failed?.[1] });
  }
  await checkOwnership(platform.cluster, [namespace]);
  for (const { name } of batch) await platform.cluster.request('DELETE', pathOf('kustomizations', namespace, name));
  for (const { name } of batch) await platform.gone('kustomizations', namespace, name);
  // Namespaces are emptied by kube-controller-manager first.
  assert.equal(await checkOwnership(platform.cluster, [namespace], 60_000), 0);
  return ends;
}

/** `<kind>.<group> <name>` of each object; the namespace of an id depends on the kind's scope, which no build can know. */
function inventoryOf(object: Live): readonly string[] {
  return object.status.inventory.entries
    .map(({ id }) => {
      const [, name = '', group = '', kind = ''] = /^[^_]*_(.+)_([^_]*)_([^_]+)$/.exec(id) ?? [];
      return `${kind}.${group} ${name.replaceAll('__', ':')}`;
    })
    .toSorted();
}

function wantedInventory({ objects }: Root, target: string | undefined): readonly string[] {
  // Namespaces take the name of the target, as kustomize has it.
  const named = objects.map(({ apiVersion, kind, name }) => {
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    return `${kind}.${group} ${kind === 'Namespace' ? (target ?? name) : name}`;
  });
  return [...new Set(named)].toSorted();
}

/** The lines of a failure that are none of these: what the cluster lacks, what needs a namespace, what was done. */
function otherTroubles(failure: string, unknown: ReadonlySet<string>): readonly string[] {
  return failure.split('\n').filter((text) => {
    const line = text.replace(/ \(in [^()]+, line \d+\)$/, '');
    if (/^and \d+ more, listed in the event$/.test(line)) return false;
    const lacking = / dry-run failed: no matches for kind "([^"]+)" in version "([^"]+)"$/.exec(line);
    if (lacking !== null) return !unknown.has(`${lacking[1]}.${lacking[2]}`);
    if (line.includes(homelessWords) || line === '') return false;
    return !/ (created|configured|unchanged)$/.test(line);
  });
}

const homelessWords = 'namespace not specified: the server could not find the requested resource';

/** What kubectl says to what the real kustomize built; empty when it takes all of it. */
async function kubectlRefusal({ platform, namespace, homeless }: Corpus, root: Root): Promise<string> {
  const input = await run(await toolPath('kustomize'), ['build', join(corpus, root.dir)]);
  const target = homeless.has(root) ? ['-n', `${namespace}-${root.name}`] : [];
  const args = [
    'apply',
    '--server-side',
    '--force-conflicts',
    '--dry-run=server',
    '--validate=false',
    ...target,
    '-f',
    '-',
  ];
  const { code, stderr } = await platform.cluster.kubectl(args, { input });
  return code === 0 ? '' : stderr;
}

if (indexFile === undefined) {
  test('corpus', { skip: `no corpus at ${corpus}: the roots that it holds are not applied` });
} else {
  test('every root of tier 1 is applied from a commit, or says what the cluster lacks', async (t) => {
    const roots = await readRoots(indexFile);
    const cluster = await sharedCluster({ controllerManager: true });
    await using platform = await openPlatform({ cluster });
    const namespace = await cluster.namespace('corpus');
    await platform.git.createRepository('corpus', await readFiles(roots));
    await platform.apply(gitRepository(namespace, 'corpus', platform.git.repositoryUrl('corpus')));
    await platform.ready('gitrepositories', namespace, 'corpus');
    const unknown = await unknownKinds(platform, roots);
    const corpusRun: Corpus = { platform, namespace, homeless: new Set() };
    const batches = batchesOf(roots);

    await t.test('with the kinds of this cluster only', async () => {
      let applied = 0;
      for (const batch of batches) {
        for (const { root, failure } of await sweepBatch(corpusRun, batch)) {
          if (failure === undefined) applied++;
          else if (failure.includes(homelessWords)) corpusRun.homeless.add(root);
          const others = otherTroubles(failure ?? '', unknown);
          if (others.length > 0) assert.notEqual(await kubectlRefusal(corpusRun, root), '', `${root.dir}: ${failure}`);
        }
      }
      t.diagnostic(`${applied} of ${roots.length} roots applied, ${corpusRun.homeless.size} need a namespace`);
    });

    await t.test('with a namespace for those that need one, and every kind', async () => {
      const { stdout } = await cluster.kubectl(['get', 'crd', '-o', 'jsonpath={.items[*].metadata.name}']);
      const own = roots.flatMap(({ objects }) => objects.filter(isDefinition).map(({ name }) => name));
      const defined = new Set([...stdout.split(' '), ...own]);
      const stubs = definitions([...unknown]).filter(({ metadata }) => !defined.has(metadata.name));
      await cluster.apply(...stubs);
      await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
      const refused: string[] = [];
      for (const batch of batches) {
        const ends = await sweepBatch(corpusRun, batch);
        // That these need a namespace could not be told before their kinds were known.
        const found = ends.flatMap(({ root, failure }) => (failure?.includes(homelessWords) === true ? [root] : []));
        for (const root of found) corpusRun.homeless.add(root);
        const again = found.length === 0 ? [] : await sweepBatch(corpusRun, found);
        for (const { root, failure } of [...ends.filter((end) => !found.includes(end.root)), ...again]) {
          if (failure === undefined) continue;
          const refusal = await kubectlRefusal(corpusRun, root);
          assert.notEqual(refusal, '', `${root.dir}: ${failure}`);
          refused.push(`${root.dir}: ${refusal.split('\n')[0]}`);
        }
      }
      t.diagnostic(
        `${roots.length - refused.length} of ${roots.length} roots applied; kubectl refuses the others, too:`,
      );
      for (const line of refused) t.diagnostic(line);
    });
  });
}

function isDefinition({ kind }: Identity): boolean {
  return kind === 'CustomResourceDefinition';
}
