import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fetchArtifact } from '#artifact';
import { asGitRepository, type GitRepository, type GitRepositorySpec } from '#crds';
import {
  checkStatus,
  type GitServer,
  type HttpSink,
  httpSink,
  type RunningController,
  sharedCluster,
  startController,
  startGitServer,
  type TestCluster,
  waitFor,
} from '#test-kit';

const root = fileURLToPath(new URL('../../../', import.meta.url));

let cluster: TestCluster;
let events: HttpSink;
let server: GitServer;
let controller: RunningController;
let namespace: string;

before(async () => {
  cluster = await sharedCluster();
  const crds = await cluster.kubectl(['apply', '--server-side', '-k', join(root, 'config/crd')]);
  assert.equal(crds.code, 0, crds.stderr);
  await cluster.kubectl(['create', 'namespace', 'flux-system']);
  events = await httpSink();
  server = await startGitServer();
  namespace = await cluster.namespace('source');
  controller = await startController('source', {
    kubeconfig: cluster.kubeconfigPath,
    eventsUrl: events.url,
    args: ['--artifact-retention-ttl=1s'],
  });
});

after(async () => {
  await controller?.stop();
  await server?.[Symbol.asyncDispose]();
  await events?.[Symbol.asyncDispose]();
});

function path(name: string): string {
  return `/apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories/${name}`;
}

async function apply(name: string, spec: Partial<GitRepositorySpec> & { readonly url: string }): Promise<void> {
  await cluster.apply({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name, namespace },
    spec: { interval: '1h', ref: { branch: 'main' }, ...spec },
  });
}

async function request(name: string): Promise<string> {
  const token = `token-${Math.random()}`;
  const patch = { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': token } } };
  const answer = await cluster.request('PATCH', path(name), patch, 'application/merge-patch+json');
  assert.equal(answer.status, 200);
  return token;
}

async function read(name: string): Promise<GitRepository | undefined> {
  const object = await cluster.get(path(name));
  return object === undefined ? undefined : asGitRepository(object);
}

function conditionOf(object: GitRepository | undefined, type: string): string {
  const condition = object?.status?.conditions?.find((known) => known.type === type);
  return condition === undefined ? '' : `${condition.status} ${condition.reason}: ${condition.message}`;
}

/** Waits for the object to come to rest on its last spec and request. */
async function settled(name: string, wanted: RegExp, token?: string): Promise<GitRepository> {
  let last: GitRepository | undefined;
  try {
    return await waitFor(async () => {
      last = await read(name);
      const fits = wanted.test(conditionOf(last, 'Ready'));
      const handled = token === undefined || last?.status?.lastHandledReconcileAt === token;
      return fits && handled ? last : undefined;
    });
  } catch (error) {
    throw new Error(`${String(error)}: ${JSON.stringify(last?.status, null, 1)}`, { cause: error });
  }
}

async function contentOf(object: GitRepository): Promise<readonly string[]> {
  assert.ok(object.status?.artifact !== undefined);
  const dir = await mkdtemp(join(tmpdir(), 'unpacked-'));
  try {
    await fetchArtifact(object.status.artifact, join(dir, 'out'), { retries: 0 });
    const entries = await readdir(join(dir, 'out'), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(dir, 'out').length + 1))
      .toSorted();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function kubeEvents(name: string): Promise<readonly string[]> {
  const list = await cluster.get(`/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name=${name}`);
  assert.ok(Array.isArray(list?.['items']));
  return list['items'].map((event: { type: string; reason: string; message: string }) =>
    [event.type, event.reason, event.message].join(' '),
  );
}

function posted(name: string): readonly Record<string, unknown>[] {
  return events.requests
    .map((received): Record<string, unknown> => JSON.parse(received.body))
    .filter((event) => JSON.stringify(event['involvedObject']).includes(`"${name}"`));
}

test('a commit becomes an artifact, a new commit a new one, and the old file goes', async () => {
  const first = await server.createRepository('flow', { 'apps/a.yaml': 'a: 1\n', 'b.png': 'x' });
  const createdAt = Date.now();
  await apply('flow', { url: server.repositoryUrl('flow') });
  const one = await settled('flow', /^True Succeeded: stored artifact for revision/);
  assert.ok(Date.now() - createdAt < 3000);
  checkStatus(one);
  assert.equal(conditionOf(one, 'Ready'), `True Succeeded: stored artifact for revision 'main@sha1:${first}'`);
  assert.equal(conditionOf(one, 'ArtifactInStorage'), conditionOf(one, 'Ready'));
  assert.deepEqual(
    one.status?.conditions?.map(({ type }) => type),
    ['Ready', 'ArtifactInStorage'],
  );
  assert.equal(one.status?.observedGeneration, 1);
  assert.equal(one.status?.artifact?.path, `gitrepository/${namespace}/flow/${first}.tar.gz`);
  assert.ok(one.metadata.finalizers?.includes('finalizers.fluxcd.io'));
  assert.deepEqual(await contentOf(one), ['apps/a.yaml']);

  const second = await server.push('flow', { 'apps/c.yaml': 'c: 1\n' }, `Add c ${'x'.repeat(60)}\n\nBody`);
  const token = await request('flow');
  const two = await settled('flow', new RegExp(second), token);
  checkStatus(two);
  assert.deepEqual(await contentOf(two), ['apps/a.yaml', 'apps/c.yaml']);
  await events.received(2, { where: ({ body }) => body.includes('"flow"') });
  assert.deepEqual(
    posted('flow').map((event) => [event['severity'], event['reason'], event['message'], event['metadata']]),
    [
      ['info', 'NewArtifact', `stored artifact for commit 'First commit'`, metadataOf(one)],
      [
        'info',
        'NewArtifact',
        `stored artifact for commit '${`Add c ${'x'.repeat(60)}`.slice(0, 50)}...'`,
        metadataOf(two),
      ],
    ],
  );
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await settled('flow', new RegExp(second), await request('flow'));
  const files = await readdir(join(controller.dir, 'data/gitrepository', namespace, 'flow'));
  assert.deepEqual(files, [`${second}.tar.gz`]);
});

function metadataOf(object: GitRepository): Record<string, string | undefined> {
  const artifact = object.status?.artifact;
  return {
    'source.toolkit.fluxcd.io/digest': artifact?.digest,
    'source.toolkit.fluxcd.io/revision': artifact?.revision,
  };
}

test('a run without news asks for names only, and leaves artifact and conditions alone', async () => {
  await server.createRepository('noop', { a: '1' });
  await apply('noop', { url: server.repositoryUrl('noop') });
  const before_ = await settled('noop', /^True/);
  const requests = server.requests.length;
  const token = await request('noop');
  const after_ = await settled('noop', /^True/, token);
  checkStatus(after_);
  assert.equal(server.requests.length - requests, 2);
  assert.deepEqual(after_.status?.artifact, before_.status?.artifact);
  assert.deepEqual(after_.status?.conditions, before_.status?.conditions);
  await waitFor(async () =>
    (await kubeEvents('noop')).some((event) =>
      event.startsWith('Normal GitOperationSucceeded no changes since last reconciliation'),
    ),
  );
  assert.equal(posted('noop').length, 1);
});

test('other ignore rules rewrite the file of the same commit', async () => {
  const commit = await server.createRepository('ignored', { 'a.yaml': '1', 'docs/x.md': '2', '.sourceignore': 'none' });
  await apply('ignored', { url: server.repositoryUrl('ignored') });
  const one = await settled('ignored', /^True/);
  assert.deepEqual(await contentOf(one), ['.sourceignore', 'a.yaml', 'docs/x.md']);
  await apply('ignored', { url: server.repositoryUrl('ignored'), ignore: '/docs\n' });
  const two = await waitFor(async () => {
    const object = await read('ignored');
    return object?.status?.observedIgnore === '/docs\n' ? object : undefined;
  });
  assert.deepEqual(await contentOf(two), ['.sourceignore', 'a.yaml']);
  assert.equal(two.status?.artifact?.path, `gitrepository/${namespace}/ignored/${commit}.tar.gz`);
  assert.notEqual(two.status?.artifact?.digest, one.status?.artifact?.digest);
  checkStatus(await settled('ignored', /^True/));
});

test('failures say what is wrong, and a repaired object recovers', async () => {
  await server.createRepository('broken', { a: '1' });
  await server.createRepository('blank');
  const url = server.repositoryUrl('broken');
  const prefix = 'failed to checkout and determine revision:';
  for (const c of [
    {
      name: 'branch',
      spec: { url, ref: { branch: 'x' } },
      want: `False GitOperationFailed: ${prefix} unable to clone '${url}': couldn't find remote ref "refs/heads/x"`,
    },
    {
      name: 'blank',
      spec: { url: server.repositoryUrl('blank') },
      want: 'False EmptyGitRepository: git repository is empty',
    },
    {
      name: 'nothing-there',
      spec: { url: `${server.url}/nothing.git` },
      want: `False GitOperationFailed: ${prefix} unable to clone '${server.url}/nothing.git': repository not found: `,
    },
    {
      name: 'no-secret',
      spec: { url, secretRef: { name: 'none' } },
      want: `False AuthenticationFailed: failed to get secret '${namespace}/none': failed to get secret '${namespace}/none': secrets "none" not found`,
    },
    {
      name: 'late',
      spec: { url: `${server.url}/late.git`, timeout: '200ms' },
      want: `False GitOperationFailed: ${prefix} unable to clone '${server.url}/late.git': Get "${server.url}/late.git/info/refs?service=git-upload-pack": context deadline exceeded`,
    },
  ]) {
    server.fault((asked) => (asked.path.startsWith('/late.git') ? 'hang' : undefined));
    await apply(c.name, c.spec);
    const object = await settled(c.name, /^False/);
    assert.equal(conditionOf(object, 'Ready'), c.want);
    assert.equal(conditionOf(object, 'FetchFailed'), c.want.replace('False', 'True'));
    assert.match(conditionOf(object, 'Reconciling'), /^True ProgressingWithRetry/);
    assert.equal(object.status?.observedGeneration, -1);
    checkStatus(object, { settled: false });
  }
  server.fault(undefined);
  await apply('branch', { url });
  const repaired = await settled('branch', /^True/);
  checkStatus(repaired);
  assert.equal(conditionOf(repaired, 'FetchFailed'), '');
});

test('a failure keeps the artifact; its end is told once', async () => {
  await server.createRepository('flaky', { a: '1' });
  await apply('flaky', { url: server.repositoryUrl('flaky') });
  const one = await settled('flaky', /^True/);
  server.fault((asked) => (asked.path.startsWith('/flaky.git') ? { status: 503 } : undefined));
  const failed = await settled(
    'flaky',
    /^False GitOperationFailed: .* unable to list remote for/,
    await request('flaky'),
  );
  assert.deepEqual(failed.status?.artifact, one.status?.artifact);
  assert.match(conditionOf(failed, 'ArtifactInStorage'), /^True/);
  server.fault(undefined);
  const recovered = await settled('flaky', /^True/);
  checkStatus(recovered);
  const revision = recovered.status?.artifact?.revision;
  await events.received(1, { where: ({ body }) => body.includes(`stored artifact for commit '${revision}'`) });
  assert.deepEqual(recovered.status?.artifact, one.status?.artifact);
});

test('credentials and a CA come out of the Secret', async () => {
  await using secure = await startGitServer({ tls: true, auth: { username: 'me', password: 'pa55word' } });
  const commit = await secure.createRepository('repo', { a: '1' });
  const secret = (name: string, stringData: Record<string, string>): unknown => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData,
  });
  const ca = secure.ca ?? '';
  await cluster.apply(
    secret('right', { username: 'me', password: 'pa55word', 'ca.crt': ca }),
    secret('wrong', { username: 'me', password: 'wr0ng', 'ca.crt': ca }),
    secret('half', { password: 'pa55word' }),
  );
  const url = secure.repositoryUrl('repo');
  await apply('right', { url, secretRef: { name: 'right' } });
  await apply('wrong', { url, secretRef: { name: 'wrong' } });
  await apply('half', { url, secretRef: { name: 'half' } });
  checkStatus(await settled('right', new RegExp(commit)));
  const wrong = await settled('wrong', /^False GitOperationFailed: .*: authentication required: /);
  assert.doesNotMatch(JSON.stringify(wrong.status), /wr0ng|pa55word/);
  await settled(
    'half',
    /^False AuthenticationFailed: failed to configure authentication options: invalid 'http' auth option: 'password' requires 'username' to be set$/,
  );
  const logs = await readFile(controller.logPath, 'utf8');
  assert.doesNotMatch(logs, /wr0ng|pa55word/);
  for (const name of ['right', 'wrong', 'half']) await cluster.request('DELETE', path(name));
});

test('what is not supported yet stalls the object and is named', async () => {
  await apply('later', { url: server.repositoryUrl('flow'), provider: 'aws' });
  const object = await settled('later', /^False UnsupportedField: .*spec\.provider/);
  assert.equal(conditionOf(object, 'Stalled'), conditionOf(object, 'Ready').replace('False', 'True'));
  checkStatus(object);
  await apply('bad-url', { url: 'http://[::1' });
  const bad = await settled('bad-url', /^False URLInvalid: failed to parse url 'http:\/\/\[::1'/);
  assert.match(conditionOf(bad, 'Stalled'), /^True URLInvalid/);
  checkStatus(bad);
});

test('a restart with an empty or damaged storage rebuilds what is missing', async () => {
  await server.createRepository('lost', { a: '1' });
  await apply('lost', { url: server.repositoryUrl('lost') });
  await apply('damaged', { url: server.repositoryUrl('lost') });
  const lost = await settled('lost', /^True/);
  const damaged = await settled('damaged', /^True/);
  await rm(join(controller.dir, 'data/gitrepository', namespace, 'lost'), { recursive: true });
  await writeFile(join(controller.dir, 'data', damaged.status?.artifact?.path ?? ''), 'damaged');
  const seen = events.requests.length;
  await controller.restart();
  for (const before_ of [lost, damaged]) {
    const { name } = before_.metadata;
    const rebuilt = await settled(name, /^True/, await request(name));
    checkStatus(rebuilt);
    assert.equal(rebuilt.status?.artifact?.digest, before_.status?.artifact?.digest);
    assert.deepEqual(await contentOf(rebuilt), ['a']);
  }
  const warning = `failed to verify integrity of artifact: computed digest doesn't match '${damaged.status?.artifact?.digest}'`;
  await events.received(1, { where: ({ body }) => body.includes(warning) });
  const later = events.requests.slice(seen).map(({ body }) => body);
  assert.equal(later.filter((body) => body.includes('NewArtifact') && /"(lost|damaged)"/.test(body)).length, 0);
});

test('a suspended object is left alone, a deleted one leaves nothing', async () => {
  await server.createRepository('gone', { a: '1' });
  await apply('gone', { url: server.repositoryUrl('gone') });
  const one = await settled('gone', /^True/);
  await apply('gone', { url: server.repositoryUrl('gone'), suspend: true });
  await server.commit('gone', { b: '2' }, 'Not seen');
  const token = await request('gone');
  const suspended = await settled('gone', /^True/, token);
  assert.deepEqual(suspended.status?.artifact, one.status?.artifact);
  assert.equal(suspended.status?.observedGeneration, suspended.metadata.generation);
  await cluster.request('DELETE', path('gone'));
  await waitFor(async () => (await read('gone')) === undefined);
  await assert.rejects(readdir(join(controller.dir, 'data/gitrepository', namespace, 'gone')), { code: 'ENOENT' });
});

test('a controller killed at any moment ends with what Git says', async () => {
  await server.createRepository('killed', { a: '0', 'big.bin': 'x'.repeat(1_000_000) });
  await apply('killed', { url: server.repositoryUrl('killed') });
  await settled('killed', /^True/);
  server.fault((asked) => (asked.path.startsWith('/killed.git') ? { delayMs: 30 } : undefined));
  let commit = '';
  for (const afterMs of [0, 40, 80, 120, 160, 200]) {
    commit = await server.commit('killed', { a: String(afterMs) }, `Commit ${afterMs}`);
    await request('killed');
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await controller.restart();
  }
  server.fault(undefined);
  const last = await settled('killed', new RegExp(commit), await request('killed'));
  checkStatus(last);
  assert.deepEqual(await contentOf(last), ['a', 'big.bin']);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await settled('killed', new RegExp(commit), await request('killed'));
  const files = await readdir(join(controller.dir, 'data/gitrepository', namespace, 'killed'));
  assert.deepEqual(files, [`${commit}.tar.gz`]);
});
