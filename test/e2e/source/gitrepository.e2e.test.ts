import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import {
  checkStatus,
  git,
  type GitServer,
  httpSink,
  makeSshKey,
  pgpSigner,
  signCommit,
  signTag,
  sshSigner,
  startGitServer,
  startProxyServer,
  startSshServer,
  waitFor,
} from '#test-kit';
import { conditionOf, type SourceCluster, startSourceCluster } from './cluster.ts';

let source: SourceCluster;
let server: GitServer;

before(async () => {
  source = await startSourceCluster(['--ssh-kex-algos=unknown,ecdh-sha2-nistp384', '--requeue-dependency=1s']);
  server = await startGitServer();
});

after(async () => {
  await source?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const checkedOut = 'failed to checkout and determine revision:';

test('a repository is fetched over ssh, from a host that is known and with a key that it knows', async () => {
  const key = makeSshKey('ecdsa', { passphrase: 'pass phrase' });
  await using ssh = await startSshServer({ dir: server.dir, authorizedKeys: [key.publicKey] });
  const commit = await server.createRepository('ssh', { a: '1' });
  const url = ssh.repositoryUrl('ssh');
  const right = { identity: key.privateKey, known_hosts: ssh.knownHosts, password: 'pass phrase' };
  await source.secret('ssh', right);
  await source.apply('ssh', { url, secretRef: { name: 'ssh' } });
  const object = await source.settled('ssh', new RegExp(commit));
  checkStatus(object);
  assert.deepEqual(await source.content(object), { a: '1' });
  assert.equal(ssh.negotiated?.kex, 'ecdh-sha2-nistp384');

  const auth = 'failed to configure authentication options: invalid';
  const { identity: _, ...withoutIdentity } = right;
  const { known_hosts: __, ...withoutHosts } = right;
  const { password: ___, ...withoutPassword } = right;
  for (const c of [
    { data: withoutIdentity, want: `AuthenticationFailed: ${auth} 'ssh' auth option: 'identity' is required` },
    { data: withoutHosts, want: `AuthenticationFailed: ${auth} 'ssh' auth option: 'known_hosts' is required` },
    {
      data: withoutPassword,
      want: `AuthenticationFailed: ${auth} 'ssh' auth option: 'identity' is encrypted, expected its passphrase as 'password'`,
    },
    {
      data: { ...right, known_hosts: ssh.knownHosts.replaceAll('127.0.0.1', 'other') },
      want: `GitOperationFailed: ${checkedOut} unable to clone '${url}': ssh: handshake failed: knownhosts: key is unknown`,
    },
  ]) {
    const name = `ssh-${Math.random().toString(36).slice(2)}`;
    await source.secret(name, c.data);
    await source.apply(name, { url, secretRef: { name } });
    const failed = await source.settled(name, /^False/);
    assert.equal(conditionOf(failed, 'Ready'), `False ${c.want}`);
    checkStatus(failed, { settled: false });
    await source.cluster.request(
      'DELETE',
      `/apis/source.toolkit.fluxcd.io/v1/namespaces/${source.namespace}/gitrepositories/${name}`,
    );
  }
  await source.apply('ssh-bare', { url });
  await source.settled('ssh-bare', /'identity' is required$/);
  const logs = await readFile(source.controller.logPath, 'utf8');
  assert.doesNotMatch(logs, /PRIVATE KEY|pass phrase/);
});

test('a proxy and a client certificate come out of Secrets', async () => {
  await using secure = await startGitServer({ clientCertificate: 'required' });
  await using proxy = await startProxyServer({ kind: 'socks5', auth: { username: 'me', password: 'pa55word' } });
  const commit = await secure.createRepository('repo', { a: '1' });
  await source.secret('mtls', {
    'ca.crt': secure.ca ?? '',
    'tls.crt': secure.client?.cert ?? '',
    'tls.key': secure.client?.key ?? '',
  });
  await source.secret('proxy', { address: proxy.url, username: 'me', password: 'pa55word' });
  await source.secret('no-proxy', { username: 'me' });
  const spec = { url: secure.repositoryUrl('repo'), secretRef: { name: 'mtls' } };
  await source.apply('proxied', { ...spec, proxySecretRef: { name: 'proxy' } });
  checkStatus(await source.settled('proxied', new RegExp(commit)));
  assert.deepEqual([...new Set(proxy.asked)], [`CONNECT ${new URL(secure.url).host}`]);
  await source.apply('proxied', { ...spec, proxySecretRef: { name: 'no-proxy' } });
  await source.settled('proxied', /^False AuthenticationFailed: .*key 'address' is missing/);
});

test('signatures are verified before anything is stored', async () => {
  await using signer = await pgpSigner();
  const other = sshSigner('ed25519');
  await server.createRepository('signed', { a: '1' });
  const path = server.repositoryPath('signed');
  const commit = await signCommit(path, 'main', signer);
  const tag = await signTag(path, 'v1.0.0', { commit, signer: other });
  await server.tag('signed', 'plain');
  await source.secret('keys', { ...signer.trusted, ...other.trusted });
  await source.secret('pgp', signer.trusted);
  const url = server.repositoryUrl('signed');
  const verify_ = (mode: 'HEAD' | 'Tag' | 'TagAndHEAD' | 'head', name = 'keys'): object => ({
    verify: { mode, secretRef: { name } },
  });
  const tagLine = `\n\t- tag 'v1.0.0@${tag}' with key '${other.keyName}'`;
  const commitLine = `\n\t- commit '${commit}' with key '${signer.keyName}'`;

  await source.apply('signed', { url, ref: { tag: 'v1.0.0' }, ...verify_('head') });
  const head = await source.settled('signed', /^True/);
  assert.equal(conditionOf(head, 'SourceVerified'), `True Succeeded: verified signature of${commitLine}`);
  assert.equal(head.status?.sourceVerificationMode, 'HEAD');
  checkStatus(head);
  await waitFor(async () =>
    (await source.eventsOf('signed')).some((event) => event.startsWith('Normal Succeeded verified signature of')),
  );
  assert.ok(!source.events.requests.some(({ body }) => body.includes('verified signature')));

  // A mode that covers more is looked at again, without storing again; one that covers less is not.
  await source.apply('signed', { url, ref: { tag: 'v1.0.0' }, ...verify_('TagAndHEAD') });
  const both = await waitFor(async () => {
    const object = await source.settled('signed', /^True/);
    return object.status?.sourceVerificationMode === 'TagAndHEAD' ? object : undefined;
  });
  assert.equal(conditionOf(both, 'SourceVerified'), `True Succeeded: verified signature of${tagLine}${commitLine}`);
  assert.deepEqual(both.status?.artifact, head.status?.artifact);
  await source.apply('signed', { url, ref: { tag: 'v1.0.0' }, ...verify_('Tag') });
  const less = await source.settled('signed', /^True/);
  assert.equal(less.status?.sourceVerificationMode, 'TagAndHEAD');

  // A key that is trusted no more.
  await source.secret('keys', {
    'signer.asc': signer.trusted['signer.asc'] ?? '',
    'signer.sshpub': sshSigner('ed25519').trusted['signer.sshpub'] ?? '',
  });
  const stale = await source.settled('signed', /^False InvalidTagSignature/, await source.request('signed'));
  assert.equal(
    conditionOf(stale, 'SourceVerified'),
    `False InvalidTagSignature: signature verification of tag 'v1.0.0@${tag}' failed: unable to verify payload with any of the given authorized keys`,
  );
  assert.deepEqual(stale.status?.artifact, head.status?.artifact);
  checkStatus(stale, { settled: false });

  await source.apply('signed', { url, ref: { tag: 'v1.0.0' } });
  const none = await source.settled('signed', /^True/);
  assert.equal(conditionOf(none, 'SourceVerified'), '');
  assert.equal(none.status?.sourceVerificationMode, undefined);
  checkStatus(none);
});

test('what is not signed as asked is refused with its reason', async () => {
  const signer = sshSigner('rsa');
  const commit = await server.createRepository('unsigned', { a: '1' });
  await server.tag('unsigned', 'plain');
  await source.secret('rsa', signer.trusted);
  const url = server.repositoryUrl('unsigned');
  const secretRef = { name: 'rsa' };
  for (const c of [
    {
      name: 'unsigned-commit',
      spec: { verify: { mode: 'HEAD', secretRef } },
      want: `InvalidCommitSignature: signature verification of commit '${commit}' failed: unable to verify payload as the provided signature is empty`,
    },
    {
      name: 'unsigned-tag',
      spec: { ref: { tag: 'plain' }, verify: { mode: 'Tag', secretRef } },
      want: "InvalidGitObject: cannot verify signature of tag 'plain' since it is not signed",
    },
    {
      name: 'no-keys',
      spec: { verify: { mode: 'HEAD', secretRef: { name: 'none' } } },
      want: 'VerificationError: PGP public keys secret error: secrets "none" not found',
    },
    {
      name: 'no-tag',
      spec: { verify: { mode: 'TagAndHEAD', secretRef } },
      want: "InvalidVerificationMode: cannot verify tag object's signature if a tag reference is not specified",
    },
  ] as const) {
    await source.apply(c.name, { url, ...c.spec });
    const object = await source.settled(c.name, /^False/);
    assert.equal(conditionOf(object, 'Ready'), `False ${c.want}`);
    assert.equal(conditionOf(object, 'SourceVerified'), `False ${c.want}`);
    assert.equal(object.status?.artifact, undefined);
    assert.equal(conditionOf(object, 'Stalled') !== '', c.name === 'no-tag');
    checkStatus(object, { settled: c.name === 'no-tag' });
  }
});

test('other repositories are included, and their news arrive at once', async () => {
  await server.createRepository('outer', { 'apps/a.yaml': 'a', '.sourceignore': '*.md' });
  const url = server.repositoryUrl('outer');
  const include = [
    { repository: { name: 'inner' } },
    { repository: { name: 'inner' }, fromPath: 'base', toPath: 'apps/base' },
    { repository: { name: 'inner' }, fromPath: '../../base/b.yaml', toPath: '../x/b.yaml' },
  ];
  await source.apply('outer', { url, include });
  const missing = await source.settled('outer', /^False NotFound/);
  const text = 'could not get resource for include \'inner\': GitRepository.source.toolkit.fluxcd.io "inner" not found';
  assert.equal(conditionOf(missing, 'IncludeUnavailable'), `True NotFound: ${text}`);
  checkStatus(missing, { settled: false });
  assert.ok(!source.events.requests.some(({ body }) => body.includes(text)));

  await server.createRepository('inner', { 'base/b.yaml': 'b', 'README.md': 'x', 'c.yaml': 'c' });
  await source.apply('inner', { url: server.repositoryUrl('inner') });
  const inner = await source.settled('inner', /^True/);
  const outer = await source.settled('outer', /^True/);
  checkStatus(outer);
  assert.deepEqual(await source.content(outer), {
    '.sourceignore': '*.md',
    'apps/a.yaml': 'a',
    'apps/base/b.yaml': 'b',
    'inner/base/b.yaml': 'b',
    'inner/c.yaml': 'c',
    'x/b.yaml': 'b',
  });
  assert.deepEqual(
    outer.status?.includedArtifacts?.map(({ digest }) => digest),
    Array.from({ length: 3 }, () => inner.status?.artifact?.digest),
  );
  assert.deepEqual(outer.status?.observedInclude, include);
  const same = await source.settled('outer', /^True/, await source.request('outer'));
  assert.deepEqual(same.status?.artifact, outer.status?.artifact);

  await server.commit('inner', { 'c.yaml': 'C' }, 'More');
  await source.request('inner');
  await waitFor(async () => {
    const object = await source.settled('outer', /^True/);
    return (await source.content(object))['inner/c.yaml'] === 'C' ? true : undefined;
  });

  await source.apply('outer', { url, include: [{ repository: { name: 'inner' }, fromPath: 'none' }] });
  await source.settled(
    'outer',
    /^False CopyFailure: failed to copy 'inner' include from none to inner: cannot stat none: no such file or directory$/,
  );
  await source.apply('outer', { url, include: [{ repository: { name: 'inner' }, toPath: 'apps' }] });
  await source.settled('outer', /^False CopyFailure: .* rename apps: file exists$/);
});

test('a sparse checkout holds the named folders, which must be there', async () => {
  await server.createRepository('sparse', { 'apps/x/a': '1', 'apps-2/b': '2', 'infra/c': '3', d: '4' });
  const url = server.repositoryUrl('sparse');
  await source.apply('sparse', { url, sparseCheckout: ['./apps/x', 'infra/'] });
  const one = await source.settled('sparse', /^True/);
  assert.deepEqual(await source.content(one), { 'apps/x/a': '1', 'infra/c': '3' });
  assert.deepEqual(one.status?.observedSparseCheckout, ['./apps/x', 'infra/']);
  checkStatus(one);
  await source.apply('sparse', { url, sparseCheckout: ['none'] });
  await source.settled(
    'sparse',
    /^False GitOperationFailed: failed to sparse checkout directories : sparse checkout dir 'none' does not exist in repository: lstat/,
  );
  await source.apply('sparse', { url });
  const all = await source.settled('sparse', /^True/);
  assert.equal(all.status?.observedSparseCheckout, undefined);
  assert.equal(Object.keys(await source.content(all)).length, 4);
});

test('submodules are fetched at their commits, with the same credentials on the same host only', async () => {
  await using guarded = await startGitServer({ auth: { username: 'me', password: 'pa55word' } });
  const deep = await guarded.createRepository('deep', { d: 'deep' });
  const middle = await guarded.createRepository('middle', { '.gitmodules': module('in/deep', '../deep.git'), m: 'm' });
  await addSubmodule(guarded.repositoryPath('middle'), 'in/deep', deep);
  const pinned = await git(guarded.repositoryPath('middle'), ['rev-parse', 'main']);
  assert.notEqual(pinned, middle);
  await guarded.commit('middle', { m: 'later' }, 'Not pinned');
  await guarded.createRepository('top', { '.gitmodules': module('lib/middle', './../middle.git'), t: 't' });
  await addSubmodule(guarded.repositoryPath('top'), 'lib/middle', pinned);
  await source.secret('guarded', { username: 'me', password: 'pa55word' });
  const spec = { url: guarded.repositoryUrl('top'), secretRef: { name: 'guarded' } };
  await source.apply('modules', { ...spec, recurseSubmodules: true });
  const object = await source.settled('modules', /^True/);
  assert.deepEqual(await source.content(object), { 'lib/middle/in/deep/d': 'deep', 'lib/middle/m': 'm', t: 't' });
  assert.equal(object.status?.observedRecurseSubmodules, true);
  checkStatus(object);
  await source.apply('modules', spec);
  assert.deepEqual(await source.content(await source.settled('modules', /^True/)), { t: 't' });

  const away = await server.createRepository('away', { a: '1' });
  await guarded.createRepository('foreign', { '.gitmodules': module('away', server.repositoryUrl('away')) });
  await addSubmodule(guarded.repositoryPath('foreign'), 'away', away);
  await source.apply('foreign', { ...spec, url: guarded.repositoryUrl('foreign'), recurseSubmodules: true });
  assert.deepEqual(await source.content(await source.settled('foreign', /^True/)), { 'away/a': '1' });
  const asked = server.requests.filter(({ path }) => path.startsWith('/away.git'));
  assert.ok(asked.length > 0);
  assert.ok(asked.every(({ authorization }) => authorization === undefined));

  await guarded.createRepository('bad', { '.gitmodules': module('x', 'file:///etc') });
  await addSubmodule(guarded.repositoryPath('bad'), 'x', away);
  await source.apply('bad', { ...spec, url: guarded.repositoryUrl('bad'), recurseSubmodules: true });
  await source.settled(
    'bad',
    /^False GitOperationFailed: .* unable to clone submodule 'x': unsupported scheme "file"$/,
  );
});

function module(path: string, url: string): string {
  return `# comment\n[core]\n\tbare = false\n[submodule "${path}"]\n\tpath = "${path}"\n\turl = ${url}\n`;
}

async function addSubmodule(path: string, at: string, commit: string): Promise<void> {
  const stream = `commit refs/heads/main\ncommitter Test <t@example.test> 1700000000 +0000\ndata 3\nAdd\nfrom refs/heads/main^0\nM 160000 ${commit} ${at}\n`;
  await git(path, ['fast-import', '--quiet', '--force'], { input: stream });
}

test('a GitHub App gets its token, and the token opens the repository', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await using api = await httpSink();
  const expires = new Date(Date.now() + 3_600_000).toISOString();
  api.answer(({ method, path }) => {
    if (path === '/api/v3/users/acme/installation') return { status: 200, body: JSON.stringify({ id: 77 }) };
    if (method === 'POST' && path === '/api/v3/app/installations/77/access_tokens') {
      return { status: 201, body: JSON.stringify({ token: 'ghs_s3cr3t', expires_at: expires }) };
    }
    return { status: 404, body: JSON.stringify({ message: 'Not Found' }) };
  });
  await using guarded = await startGitServer({ auth: { username: 'x-access-token', password: 'ghs_s3cr3t' } });
  const commit = await guarded.createRepository('repo', { a: '1' });
  const url = guarded.repositoryUrl('repo');
  const app = {
    githubAppID: '42',
    githubAppPrivateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    githubAppBaseURL: `${api.url}/api/v3/`,
  };
  await source.secret('app', { ...app, githubAppInstallationOwner: 'acme' });
  await source.secret('away', { ...app, githubAppInstallationOwner: 'other' });
  await source.secret('twice', { ...app, githubAppInstallationOwner: 'acme', githubAppInstallationID: '77' });
  await source.secret('plain', { username: 'me', password: 'x' });
  await source.apply('app', { url, provider: 'github', secretRef: { name: 'app' } });
  checkStatus(await source.settled('app', new RegExp(commit)));
  const [first] = api.requests;
  const [head = '', claims = '', signature = ''] = (first?.headers.authorization ?? '')
    .replace('Bearer ', '')
    .split('.');
  assert.ok(verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url')));
  assert.match(Buffer.from(claims, 'base64url').toString(), /"iss":"42"/);
  const count = api.requests.length;
  await source.settled('app', /^True/, await source.request('app'));
  assert.equal(api.requests.length, count);

  for (const c of [
    {
      name: 'gh-bare',
      spec: { provider: 'github' },
      want: /^False InvalidProviderConfiguration: secretRef with github app data must be specified when provider is set to github$/,
    },
    {
      name: 'gh-plain',
      spec: { provider: 'github', secretRef: { name: 'plain' } },
      want: /^False InvalidProviderConfiguration: /,
    },
    {
      name: 'gh-generic',
      spec: { secretRef: { name: 'app' } },
      want: /^False InvalidProviderConfiguration: .* has github app data but provider is not set to github$/,
    },
    {
      name: 'gh-twice',
      spec: { provider: 'github', secretRef: { name: 'twice' } },
      want: /^False AuthenticationFailed: .*exactly one of/,
    },
    {
      name: 'gh-away',
      spec: { provider: 'github', secretRef: { name: 'away' } },
      want: /^False AuthenticationFailed: .*could not find the GitHub App installation of 'other': received status 404: Not Found$/,
    },
  ] as const) {
    await source.apply(c.name, { url, ...c.spec });
    const failed = await source.settled(c.name, c.want);
    assert.equal(conditionOf(failed, 'Stalled') !== '', c.name === 'gh-bare');
  }
  const logs = await readFile(source.controller.logPath, 'utf8');
  assert.doesNotMatch(logs, /ghs_s3cr3t|PRIVATE KEY/);
});
