import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort } from '#cluster';
import { checkStatus, type GitServer, startGitServer } from '#test-kit';
import { conditionOf } from './live.ts';
import { configMap, gitRepository, kustomization, notificationObjects, secret } from './manifests.ts';
import { checkOwnership } from './orphans.ts';
import { openPlatform, type Platform } from './platform.ts';
import { alertAbout, warningAbout } from './told.ts';

const password = 'c0rrect-h0rse';
const wrongPassword = 'wr0ng-h0rse';

let platform: Platform;
let locked: GitServer;
let namespace: string;
let closedPort: number;
before(async () => {
  platform = await openPlatform();
  locked = await startGitServer({ auth: { username: 'me', password } });
  closedPort = await freePort();
  namespace = await platform.cluster.namespace('sources');
  await platform.git.createRepository('good', { 'a.yaml': configMap('good') });
  await locked.createRepository('locked', { 'a.yaml': configMap('locked') });
  await platform.apply(...notificationObjects(namespace, 'none', platform.alerts.url));
  await platform.ready('receivers', namespace, 'none');
});
after(async () => {
  await platform?.[Symbol.asyncDispose]();
  await locked?.[Symbol.asyncDispose]();
});

interface Case {
  readonly name: string;
  /** The spec's url, and whatever else is in the spec. */
  url(): string;
  readonly spec?: object;
  prepare?(): Promise<unknown>;
  readonly reason: string;
  message(): string;
  /** Makes it work without a change of the object, unless it returns another spec. */
  mend(name: string): Promise<unknown>;
}

const unable = (url: string): string => `failed to checkout and determine revision: unable to clone '${url}'`;
const apply = (name: string, url: string, spec: object = {}): Promise<void> =>
  platform.apply(gitRepository(namespace, name, url, spec));

const cases: readonly Case[] = [
  {
    name: 'refused',
    url: () => `http://127.0.0.1:${closedPort}/good.git`,
    reason: 'GitOperationFailed',
    message: () =>
      `${unable(`http://127.0.0.1:${closedPort}/good.git`)}: Get "http://127.0.0.1:${closedPort}/good.git/info/refs?service=git-upload-pack": dial tcp 127.0.0.1:${closedPort}: connect: connection refused`,
    mend: (name) => apply(name, platform.git.repositoryUrl('good')),
  },
  {
    name: 'unknown-host',
    url: () => 'http://no-such-host.invalid/good.git',
    reason: 'GitOperationFailed',
    message: () =>
      `${unable('http://no-such-host.invalid/good.git')}: Get "http://no-such-host.invalid/good.git/info/refs?service=git-upload-pack": dial tcp: lookup no-such-host.invalid: no such host`,
    mend: (name) => apply(name, platform.git.repositoryUrl('good')),
  },
  {
    name: 'silent',
    url: () => platform.git.repositoryUrl('silent'),
    spec: { timeout: '500ms' },
    async prepare() {
      await platform.git.createRepository('silent', { 'a.yaml': configMap('silent') });
      platform.git.fault(({ path }) => (path.startsWith('/silent.git') ? 'hang' : undefined));
    },
    reason: 'GitOperationFailed',
    message: () =>
      `${unable(platform.git.repositoryUrl('silent'))}: Get "${platform.git.repositoryUrl('silent')}/info/refs?service=git-upload-pack": context deadline exceeded`,
    mend: async () => platform.git.fault(undefined),
  },
  {
    name: 'wrong-password',
    url: () => locked.repositoryUrl('locked'),
    spec: { secretRef: { name: 'wrong-password' } },
    prepare: () => platform.apply(secret(namespace, 'wrong-password', { username: 'me', password: wrongPassword })),
    reason: 'GitOperationFailed',
    message: () => `${unable(locked.repositoryUrl('locked'))}: authentication required: `,
    mend: () => platform.apply(secret(namespace, 'wrong-password', { username: 'me', password })),
  },
  {
    name: 'no-secret',
    url: () => locked.repositoryUrl('locked'),
    spec: { secretRef: { name: 'not-there' } },
    reason: 'AuthenticationFailed',
    message: () =>
      `failed to get secret '${namespace}/not-there': failed to get secret '${namespace}/not-there': secrets "not-there" not found`,
    mend: () => platform.apply(secret(namespace, 'not-there', { username: 'me', password })),
  },
  {
    name: 'no-key',
    url: () => locked.repositoryUrl('locked'),
    spec: { secretRef: { name: 'half' } },
    prepare: () => platform.apply(secret(namespace, 'half', { password })),
    reason: 'AuthenticationFailed',
    message: () =>
      `failed to configure authentication options: invalid 'http' auth option: 'password' requires 'username' to be set`,
    mend: () => platform.apply(secret(namespace, 'half', { username: 'me', password })),
  },
  {
    name: 'no-branch',
    url: () => platform.git.repositoryUrl('good'),
    spec: { ref: { branch: 'next' } },
    reason: 'GitOperationFailed',
    message: () => `${unable(platform.git.repositoryUrl('good'))}: couldn't find remote ref "refs/heads/next"`,
    mend: () => platform.git.branch('good', 'next'),
  },
  {
    name: 'empty',
    url: () => platform.git.repositoryUrl('empty'),
    prepare: () => platform.git.createRepository('empty'),
    reason: 'EmptyGitRepository',
    message: () => 'git repository is empty',
    mend: () => platform.git.commit('empty', { 'a.yaml': configMap('empty') }, 'Begin'),
  },
];

for (const c of cases) {
  test(`source: ${c.name} is told in condition, Event and alert, and its end ends it`, async () => {
    await c.prepare?.();
    await apply(c.name, c.url(), c.spec);
    const spec = { targetNamespace: namespace, namePrefix: `${c.name}-` };
    await platform.apply(kustomization(namespace, c.name, c.name, spec));
    const failed = await platform.ready('gitrepositories', namespace, c.name, { status: 'False' });
    assert.equal(conditionOf(failed, 'Ready'), `False ${c.reason}: ${c.message()}`);
    assert.equal(conditionOf(failed, 'FetchFailed'), `True ${c.reason}: ${c.message()}`);
    assert.match(conditionOf(failed, 'Reconciling'), /^True ProgressingWithRetry: /);
    assert.equal(failed.status.artifact, undefined);
    checkStatus(failed, { settled: false });
    const warning = await warningAbout(platform.cluster, namespace, 'GitRepository', c.name);
    assert.deepEqual([warning.reason, warning.message], [c.reason, c.message()]);
    const alert = await alertAbout(platform.alerts, namespace, 'GitRepository', c.name, 'error');
    assert.deepEqual([alert.reason, alert.message], [c.reason, c.message()]);
    await platform.ready('kustomizations', namespace, c.name, {
      status: 'False',
      reason: 'ArtifactFailed',
      message: 'Source artifact not found, retrying in 30s',
    });

    await c.mend(c.name);
    const mended = await platform.ready('gitrepositories', namespace, c.name);
    checkStatus(mended);
    assert.equal(conditionOf(mended, 'FetchFailed'), '');
    checkStatus(await platform.ready('kustomizations', namespace, c.name));
    await alertAbout(platform.alerts, namespace, 'GitRepository', c.name, 'info');
  });
}

test('source: an unknown URL scheme is refused by the API server', async () => {
  for (const url of ['ftp://127.0.0.1/x.git', 'git@127.0.0.1:x.git', 'file:///etc']) {
    await assert.rejects(
      platform.cluster.apply(gitRepository(namespace, 'scheme', url)),
      /The GitRepository "scheme" is invalid: spec\.url: Invalid value: .* should match '\^\(http\|https\|ssh\):\/\/\.\*\$'/,
    );
  }
  assert.equal(await platform.get('gitrepositories', namespace, 'scheme'), undefined);
});

test('source: the processes live, no password is anywhere, and nothing is orphaned', async () => {
  for (const controller of Object.values(platform.controllers)) {
    assert.doesNotThrow(() => process.kill(controller.pid, 0));
    assert.doesNotMatch(JSON.stringify(await controller.logs()), new RegExp(`${password}|${wrongPassword}`));
  }
  const { stdout } = await platform.cluster.kubectl([
    'get',
    'events,gitrepositories,kustomizations',
    '-n',
    namespace,
    '-o',
    'json',
  ]);
  assert.doesNotMatch(stdout, new RegExp(`${password}|${wrongPassword}`));
  assert.doesNotMatch(JSON.stringify(platform.alerts.requests), new RegExp(`${password}|${wrongPassword}`));
  assert.equal(await checkOwnership(platform.cluster, [namespace]), cases.length);
});
