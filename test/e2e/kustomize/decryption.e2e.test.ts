import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkStatus, type RunningController, startController } from '#test-kit';
import { type Identity, openSealer, type Sealer } from './sealed.ts';
import { configMap, openStage, type Stage } from './stage.ts';

const plaintext = 'hunter2-do-not-print';
const onlyValues = ['--encrypted-regex', '^(data|stringData)$'];

let stage: Stage;
let controller: RunningController;
let sealer: Sealer;
let identity: Identity;
let stranger: Identity;

before(async () => {
  stage = await openStage();
  sealer = await openSealer();
  [identity, stranger] = [sealer.identity(), sealer.identity()];
  controller = await startController('kustomize', {
    kubeconfig: stage.cluster.kubeconfigPath,
    args: ['--sops-age-secret=shared-keys'],
    env: { RUNTIME_NAMESPACE: stage.namespace },
  });
  await keys('keys', { 'identity.agekey': identity.text });
});
after(async () => {
  await controller[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

async function keys(name: string, stringData: Readonly<Record<string, string>>): Promise<void> {
  await stage.cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: stage.namespace, labels: { 'reconcile.fluxcd.io/watch': 'Enabled' } },
    stringData,
  });
}

async function run(name: string, files: Readonly<Record<string, string>>, secret = 'keys'): Promise<void> {
  await stage.publish(name, files);
  await stage.kustomization(name, {
    sourceRef: { kind: 'GitRepository', name },
    decryption: { provider: 'sops', secretRef: { name: secret } },
  });
}

/** The decoded data of a Secret. */
async function dataOf(name: string): Promise<Readonly<Record<string, string>>> {
  const data: unknown = (await stage.object(`secrets/${name}`))?.['data'];
  assert.ok(typeof data === 'object' && data !== null, `Secret ${name} is there`);
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('latin1')]),
  );
}

function secret(name: string, password = plaintext): string {
  return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\nstringData:\n  password: ${password}\n`;
}

test('an encrypted manifest is applied in clear, in YAML and in JSON', async () => {
  const json = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'whole' }, data: { a: 'YWJj' } });
  const sealed = JSON.parse(sealer.seal('b.json', json, identity.recipient, ...onlyValues)) as object;
  await run('manifest', {
    'a.yaml': sealer.seal('a.yaml', secret('manifest'), identity.recipient, ...onlyValues),
    'b.yaml': JSON.stringify(sealed),
    'c.yaml': configMap('beside'),
  });
  checkStatus(await stage.ready('manifest', {}));
  assert.deepEqual(await dataOf('manifest'), { password: plaintext });
  assert.deepEqual(await dataOf('whole'), { a: 'abc' });
  const live = await stage.object('secrets/manifest');
  assert.equal(live?.['sops'], undefined);
});

test('files of generators and patches are opened before the build, also in bases and components', async () => {
  const seal = (name: string, text: string): string => sealer.seal(name, text, identity.recipient);
  const generator = (more: string): string =>
    `generatorOptions:\n  disableNameSuffixHash: true\nsecretGenerator:\n${more}`;
  await run('sources', {
    'kustomization.yaml': `resources: [base, plain.yaml]\ncomponents: [component]\npatches:\n- path: patch.yaml\n${generator(
      '- name: gen-files\n  files: [app.yaml, raw, renamed.json=other.txt]\n- name: gen-env\n  envs: [app.env]\n- name: gen-odd\n  envs: [vars]\n',
    )}`,
    'app.yaml': seal('app.yaml', `db:\n    password: ${plaintext}\n`),
    raw: seal('raw', `-- ${plaintext} --`),
    'other.txt': seal('other.json', JSON.stringify({ a: plaintext })),
    'app.env': seal('app.env', `PASSWORD=${plaintext}\n`),
    vars: seal('vars.env', `ODD=${plaintext}\n`),
    'plain.yaml': secret('patched', 'replaced'),
    'patch.yaml': sealer.seal('patch.yaml', secret('patched'), identity.recipient, ...onlyValues),
    'base/kustomization.yaml': generator('- name: gen-base\n  env: base.env\n'),
    'base/base.env': seal('base.env', `BASE=${plaintext}\n`),
    'component/kustomization.yaml': `apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n${generator('- name: gen-component\n  files: [c.ini]\n')}`,
    'component/c.ini': seal('c.ini', `[s]\nkey = ${plaintext}\n`),
  });
  checkStatus(await stage.ready('sources', {}));
  assert.deepEqual(await dataOf('gen-files'), {
    'app.yaml': `db:\n    password: ${plaintext}\n`,
    raw: `-- ${plaintext} --`,
    'renamed.json': `{\n\t"a": "${plaintext}"\n}\n`,
  });
  assert.deepEqual(await dataOf('gen-env'), { PASSWORD: plaintext });
  assert.deepEqual(await dataOf('gen-odd'), { ODD: plaintext });
  assert.deepEqual(await dataOf('patched'), { password: plaintext });
  assert.deepEqual(await dataOf('gen-base'), { BASE: plaintext });
  assert.deepEqual(await dataOf('gen-component'), { 'c.ini': `[s]\nkey = ${plaintext}\n` });
});

test('a value of a Secret that is a document of its own is opened in the format of its key', async () => {
  const data = (name: string, text: string): string =>
    Buffer.from(sealer.seal(name, text, identity.recipient)).toString('base64');
  const manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'values' },
    data: {
      'app.yaml': data('app.yaml', `a: ${plaintext}\n`),
      'app.env': data('app.yaml', `A: ${plaintext}\n`),
      token: data('token', plaintext),
      plain: Buffer.from('plain').toString('base64'),
    },
  };
  const kept = {
    ...manifest,
    metadata: { name: 'kept', annotations: { 'kustomize.toolkit.fluxcd.io/decrypt': 'Disabled' } },
  };
  await run('values', { 'a.yaml': JSON.stringify(manifest), 'b.yaml': JSON.stringify(kept) });
  checkStatus(await stage.ready('values', {}));
  assert.deepEqual(await dataOf('values'), {
    'app.yaml': `a: ${plaintext}\n`,
    'app.env': `A=${plaintext}\n`,
    token: plaintext,
    plain: 'plain',
  });
  assert.equal((await dataOf('kept'))['token'], Buffer.from(manifest.data.token, 'base64').toString('latin1'));
});

test('a key of someone else fails the build; the right one in the Secret wakes it', async () => {
  await keys('changing', { 'identity.agekey': stranger.text });
  const sealed = sealer.seal('a.yaml', secret('late'), identity.recipient, ...onlyValues);
  await run('changing', { 'a.yaml': sealed, 'b.yaml': configMap('late') }, 'changing');
  const message = new RegExp(
    `^decryption failed for 'late': failed to decrypt and format '${stage.namespace}/late' Secret data: cannot get sops data key: Failed to get the data key required to decrypt the SOPS file\\.`,
  );
  checkStatus(await stage.ready('changing', { status: 'False', reason: 'BuildFailed', message }));
  assert.equal(await stage.object('configmaps/late'), undefined);
  await keys('changing', { 'identity.agekey': identity.text });
  await stage.ready('changing', {});
  assert.deepEqual(await dataOf('late'), { password: plaintext });
});

for (const c of [
  {
    name: 'a missing Secret',
    secret: 'absent',
    stringData: undefined,
    message: /^cannot get sops decryption Secret 'ks-\S+\/absent': secrets "absent" not found$/,
  },
  {
    name: 'a truncated age file',
    secret: 'truncated',
    stringData: (): object => ({ 'identity.agekey': identity.text.slice(0, -12) }),
    message:
      /^failed to import 'identity\.agekey' data from sops decryption Secret '\S+\/truncated': .*error at line 3: malformed secret key$/,
  },
  {
    name: 'a PGP key that is none',
    secret: 'no-pgp',
    stringData: (): object => ({ 'key.asc': plaintext }),
    message:
      /^failed to import 'key\.asc' data from sops decryption Secret '\S+\/no-pgp': .*no valid OpenPGP data found$/,
  },
]) {
  test(`${c.name} fails the build with its name`, async () => {
    if (c.stringData !== undefined) await keys(c.secret, { ...c.stringData() });
    const sealed = sealer.seal('a.yaml', secret(c.secret), identity.recipient, ...onlyValues);
    await run(c.secret, { 'a.yaml': sealed }, c.secret);
    checkStatus(await stage.ready(c.secret, { status: 'False', reason: 'BuildFailed', message: c.message }));
  });
}

test('an encrypted Secret without decryption is an error before anything is applied', async () => {
  await stage.publish('open', {
    'a.yaml': configMap('open'),
    'b.yaml': sealer.seal('b.yaml', secret('open'), identity.recipient, ...onlyValues),
  });
  await stage.kustomization('open', { sourceRef: { kind: 'GitRepository', name: 'open' } });
  const message = new RegExp(
    `^Secret/${stage.namespace}/open is SOPS encrypted, configuring decryption is required for this secret to be reconciled`,
  );
  checkStatus(await stage.ready('open', { status: 'False', reason: 'ReconciliationFailed', message }));
  assert.equal(await stage.object('configmaps/open'), undefined);
});

test('without a Secret of its own a Kustomization gets the age keys that the flag names', async () => {
  await keys('shared-keys', { 'all.agekey': `${stranger.text}\n${identity.text}`, 'sops.vault-token': 'unused' });
  const sealed = sealer.seal('a.yaml', secret('shared'), identity.recipient, ...onlyValues);
  await stage.publish('shared', { 'a.yaml': sealed });
  await stage.kustomization('shared', {
    sourceRef: { kind: 'GitRepository', name: 'shared' },
    decryption: { provider: 'sops' },
  });
  checkStatus(await stage.ready('shared', {}));
  assert.deepEqual(await dataOf('shared'), { password: plaintext });
});

test('a file above 5 MiB is refused', async () => {
  await run('large', {
    'kustomization.yaml': 'secretGenerator:\n- name: large\n  files: [large.bin]\n',
    'large.bin': 'x'.repeat(5 * 1024 * 1024 + 1),
  });
  const message =
    /^error decrypting sources: cannot decrypt file 'large\.bin' with size \(5242881 bytes\) exceeding limit \(5242880\)$/;
  checkStatus(await stage.ready('large', { status: 'False', reason: 'BuildFailed', message }));
});

test('what comes to light is not quoted when it cannot be built', async () => {
  await run('quoted', {
    'kustomization.yaml': 'secretGenerator:\n- name: quoted\n  envs: [vars.yaml]\n',
    'vars.yaml': sealer.seal('vars.yaml', `not a variable: ${plaintext}\n`, identity.recipient),
  });
  // The line has become a key of the Secret, which the API server quotes as it refuses it.
  const message = /^Secret\/\S+ dry-run failed \(Invalid\): .*data\[not a variable: \*{5}\]: Invalid value/;
  checkStatus(await stage.ready('quoted', { status: 'False', reason: 'ReconciliationFailed', message }));
  await run('unreadable', {
    'kustomization.yaml': 'resources: [a.yaml]\npatches:\n- path: patch.yaml\n',
    'a.yaml': configMap('unreadable'),
    'patch.yaml': sealer.seal('patch.yaml', `data: ${plaintext}\n`, identity.recipient),
  });
  const refused = /^kustomize build failed: /;
  checkStatus(await stage.ready('unreadable', { status: 'False', reason: 'BuildFailed', message: refused }));
});

test('no condition, event, log line, metric or file of the controller holds a secret', async () => {
  const secrets = [
    plaintext,
    ...[identity, stranger].map(({ text }) => /AGE-SECRET-KEY-\S{20}/.exec(text)?.[0] ?? plaintext),
  ];
  const objects = await stage.cluster.kubectl(['get', '-n', stage.namespace, 'kustomizations,events', '-o', 'json']);
  const where: Readonly<Record<string, string>> = {
    objects: objects.stdout,
    log: await readFile(controller.logPath, 'utf8'),
    metrics: await controller.metrics(),
  };
  assert.match(where['objects'] ?? '', /BuildFailed/);
  for (const [name, text] of Object.entries(where)) {
    for (const found of secrets) assert.ok(!text.includes(found), `${name} hold no secret`);
  }
  // Its artifacts are there, too.
  assert.ok(readdirSync(join(controller.dir, 'tmp')).some((name) => name.startsWith('kustomize-controller-')));
  const args = ['-rl', '--', plaintext, controller.dir];
  // grep ends with 1 when it finds nothing.
  assert.throws(() => execFileSync('grep', args, { stdio: 'pipe' }), { status: 1 });
});
