import assert from 'node:assert/strict';
import { mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { git, httpSink, startFaultProxy, startGitServer } from './index.ts';

/** A clone that is removed after use. */
async function withClone<T>(url: string, config: readonly string[], use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-clone-'));
  try {
    await git(dir, [...config.flatMap((entry) => ['-c', entry]), 'clone', '--quiet', url, '.']);
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

test('the git server serves what was committed, with tags and branches', async () => {
  await using server = await startGitServer();
  const first = await server.createRepository('apps', {
    'a/b.txt': 'one\n',
    'run.sh': { content: '#!/bin/sh\n', mode: 'executable' },
    link: { content: 'a/b.txt', mode: 'symlink' },
    'with "quote".txt': 'q',
  });
  const second = await server.commit('apps', { 'a/b.txt': null, 'c.txt': Buffer.from('two\n') }, 'Second');
  await server.tag('apps', 'v1.0.0', { ref: first, message: 'Release' });
  await server.branch('apps', 'dev', first);
  const refs = await git(server.dir, ['ls-remote', server.repositoryUrl('apps')]);
  assert.match(refs, new RegExp(`${second}\tHEAD`));
  assert.match(refs, new RegExp(`${first}\trefs/heads/dev`));
  assert.match(refs, new RegExp(`${first}\trefs/tags/v1\\.0\\.0\\^\\{\\}`));
  await withClone(server.repositoryUrl('apps'), [], async (dir) => {
    assert.equal(await readFile(join(dir, 'c.txt'), 'utf8'), 'two\n');
    assert.equal(await readlink(join(dir, 'link')), 'a/b.txt');
    assert.equal((await stat(join(dir, 'run.sh'))).mode & 0o111, 0o111);
    await assert.rejects(stat(join(dir, 'a/b.txt')));
  });
  assert.ok(server.requests.some((request) => request.protocol === 'version=2'));
});

test('an empty repository has neither branch nor commit, and takes a first push', async () => {
  await using server = await startGitServer();
  assert.equal(await server.createRepository('empty'), '');
  assert.equal(await git(server.dir, ['ls-remote', server.repositoryUrl('empty')]), '');
  const pushed = await server.push('empty', { 'a.txt': 'a' }, 'First');
  assert.match(await git(server.dir, ['ls-remote', server.repositoryUrl('empty')]), new RegExp(pushed));
});

test('a push over TLS with a password runs the hooks of the repository', async () => {
  await using server = await startGitServer({ tls: true, auth: { username: 'ann', password: 's3cret' } });
  await server.createRepository('apps', { 'a.txt': 'a' });
  const mark = join(server.dir, 'pushed');
  const hook = join(server.repositoryPath('apps'), 'hooks', 'post-receive');
  await writeFile(hook, `#!/bin/sh\ncat > '${mark}'\n`, { mode: 0o755 });
  const commit = await server.push('apps', { 'b.txt': 'b' }, 'Second');
  assert.match(await readFile(mark, 'utf8'), new RegExp(`${commit} refs/heads/main`));
  const trust = `http.sslCAInfo=${join(server.dir, 'ca.pem')}`;
  await assert.rejects(
    git(server.dir, ['-c', trust, 'ls-remote', server.repositoryUrl('apps')]),
    /could not read Username/,
  );
  await assert.rejects(git(server.dir, ['ls-remote', server.repositoryUrl('apps')]), /certificate/);
});

test('a bearer token is asked for, and nothing else opens', async () => {
  await using server = await startGitServer({ auth: { bearer: 'tok' } });
  await server.createRepository('apps', { 'a.txt': 'a' });
  const url = server.repositoryUrl('apps');
  await withClone(url, ['http.extraHeader=Authorization: Bearer tok'], async (dir) => {
    assert.equal(await readFile(join(dir, 'a.txt'), 'utf8'), 'a');
  });
  await assert.rejects(git(server.dir, ['-c', 'http.extraHeader=Authorization: Bearer no', 'ls-remote', url]));
});

test('the git server fails as it is told to', async () => {
  await using server = await startGitServer();
  await server.createRepository('apps', { 'a.txt': 'a' });
  const url = server.repositoryUrl('apps');
  server.fault(() => ({ status: 500 }));
  await assert.rejects(git(server.dir, ['ls-remote', url]), /500/);
  server.fault(() => ({ cutAfterBytes: 20 }));
  await assert.rejects(git(server.dir, ['ls-remote', url]));
  server.fault(() => 'hang');
  await assert.rejects(fetch(`${url}/info/refs?service=git-upload-pack`, { signal: AbortSignal.timeout(200) }));
  server.fault(undefined);
  assert.match(await git(server.dir, ['ls-remote', url]), /refs\/heads\/main/);
});

test('the sink remembers requests and answers as it is told to', async () => {
  await using sink = await httpSink();
  const post = (body: string, options: RequestInit = {}): Promise<Response> =>
    fetch(`${sink.url}/hook?a=b`, { method: 'POST', body, headers: { 'x-test': '1' }, ...options });
  assert.equal((await post('one')).status, 200);
  const [received] = await sink.received(1);
  assert.equal(received?.path, '/hook?a=b');
  assert.equal(received?.headers['x-test'], '1');
  assert.equal(received?.body, 'one');
  sink.answer((_request, count) => ({ status: count === 2 ? 500 : 204, headers: { 'x-count': String(count) } }));
  assert.equal((await post('two')).status, 500);
  assert.equal((await post('three')).headers.get('x-count'), '3');
  sink.answer(() => 'reset');
  await assert.rejects(post('four'));
  sink.answer(() => 'hang');
  await assert.rejects(post('five', { signal: AbortSignal.timeout(200) }), /aborted|timeout/);
  await assert.rejects(sink.received(9, { timeoutMs: 100 }), /timed out after 100 ms waiting for 9 requests/);
});

test('the fault proxy delays, cuts, hangs, refuses and answers for its target', async () => {
  await using sink = await httpSink();
  sink.answer(() => ({ status: 200, body: 'x'.repeat(1_000) }));
  await using proxy = await startFaultProxy(`${sink.url}/path`);
  const read = async (timeoutMs = 5_000): Promise<string> =>
    (await fetch(proxy.url, { signal: AbortSignal.timeout(timeoutMs) })).text();
  assert.equal((await read()).length, 1_000);
  assert.equal(sink.requests[0]?.path, '/path');

  proxy.inject({ kind: 'delay', ms: 300 });
  const started = Date.now();
  assert.equal((await read()).length, 1_000);
  assert.ok(Date.now() - started >= 290);
  proxy.inject({ kind: 'cut', afterBytes: 400 });
  await assert.rejects(read());
  proxy.inject({ kind: 'hang' });
  await assert.rejects(read(200));
  proxy.inject({ kind: 'refuse' });
  await assert.rejects(read());
  proxy.inject({ kind: 'status', status: 503 });
  assert.equal((await fetch(proxy.url)).status, 503);
  proxy.inject({ kind: 'none' });
  assert.equal((await read()).length, 1_000);
});
