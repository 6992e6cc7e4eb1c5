import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { deadline } from '#concurrency';
import { git, type GitServer, startGitServer } from '#test-kit';
import { checkOut, type Reference, resolveReference } from './checkout.ts';
import type { Credentials } from './http-connection.ts';
import { openHttpRemote } from './remote.ts';
import { checkoutEntries } from './source-entries.ts';
import { treeFiles } from './tree-files.ts';

interface Options {
  readonly ignore?: string;
  readonly credentials?: Credentials;
  readonly ca?: string;
  readonly timeoutMs?: number;
  readonly memoryBytes?: number;
}

interface Result {
  readonly revision: string;
  readonly message: string;
  /** Path → content; `path/` for folders, `path*` for executables. */
  readonly files: Readonly<Record<string, string>>;
}

async function read(url: string, reference: Reference, options: Options = {}): Promise<Result> {
  using timer = deadline(options.timeoutMs ?? 20_000);
  const dir = await mkdtemp(`${tmpdir()}/git-`);
  try {
    await using remote = openHttpRemote(
      { url, credentials: options.credentials, tls: options.ca === undefined ? undefined : { ca: options.ca } },
      { dir, memoryBytes: options.memoryBytes },
    );
    const target = await resolveReference(remote, reference, timer.signal);
    using checkout = await checkOut(remote, reference, target, timer.signal);
    const files: Record<string, string> = {};
    for await (const file of treeFiles(checkoutEntries(checkout), options.ignore)) {
      const path = file.path.join('/');
      if (file.kind === 'folder') files[`${path}/`] = '';
      else {
        const content = file.content instanceof Uint8Array ? Buffer.from(file.content) : await buffer(file.content);
        assert.equal(content.length, file.sizeBytes);
        files[file.kind === 'executable' ? `${path}*` : path] = content.toString();
      }
    }
    return { revision: target.revision, message: checkout.commit.message.trim(), files };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function withRepository(work: (server: GitServer, url: string, first: string) => Promise<void>): Promise<void> {
  await using server = await startGitServer();
  const first = await server.createRepository('repo', {
    'apps/a.yaml': 'a: 1\n',
    'apps/run.sh': { content: '#!/bin/sh\n', mode: 'executable' },
    'link.yaml': { content: 'apps/a.yaml', mode: 'symlink' },
    'logo.png': 'PNG',
  });
  await work(server, server.repositoryUrl('repo'), first);
}

test('a branch is read with its folders, files and executables, without links and binaries', () =>
  withRepository(async (_server, url, first) => {
    assert.deepEqual(await read(url, { branch: 'main' }), {
      revision: `main@sha1:${first}`,
      message: 'First commit',
      files: { 'apps/': '', 'apps/a.yaml': 'a: 1\n', 'apps/run.sh*': '#!/bin/sh\n' },
    });
  }));

test('each kind of reference has its revision, and the more specific one wins', () =>
  withRepository(async (server, url, first) => {
    const second = await server.commit('repo', { 'b.yaml': 'b' }, 'Second');
    const third = await server.commit('repo', { 'c.yaml': 'c' }, 'Third', { branch: 'feature/x' });
    await server.tag('repo', '1.0.0', { ref: first });
    await server.tag('repo', 'v1.1.0', { ref: second, message: 'annotated' });
    await server.tag('repo', '2.0.0-rc.1', { ref: second });
    await git(server.repositoryPath('repo'), ['update-ref', 'refs/pull/420/head', third]);
    await git(server.repositoryPath('repo'), ['update-ref', 'refs/heads/master', first]);
    for (const [reference, want] of [
      [{}, `master@sha1:${first}`],
      [{ branch: 'feature/x' }, `feature/x@sha1:${third}`],
      [{ branch: 'main', semver: '>=1.0.0' }, `v1.1.0@sha1:${second}`],
      [{ semver: '>=1.0.0-0' }, `2.0.0-rc.1@sha1:${second}`],
      [{ semver: '~1.0.0' }, `1.0.0@sha1:${first}`],
      [{ tag: '1.0.0', semver: '>=1.0.0' }, `1.0.0@sha1:${first}`],
      [{ tag: 'v1.1.0', branch: 'x' }, `v1.1.0@sha1:${second}`],
      [{ name: 'refs/pull/420/head', tag: '1.0.0' }, `refs/pull/420/head@sha1:${third}`],
      [{ name: 'refs/tags/v1.1.0' }, `refs/tags/v1.1.0@sha1:${second}`],
      [{ name: 'refs/heads/main' }, `refs/heads/main@sha1:${second}`],
      [{ commit: first }, `sha1:${first}`],
      [{ commit: first, branch: 'main' }, `main@sha1:${first}`],
      [{ commit: first, name: 'refs/heads/main' }, `refs/heads/main@sha1:${first}`],
    ] as const) {
      const result = await read(url, reference);
      assert.equal(result.revision, want, JSON.stringify(reference));
      assert.notDeepEqual(result.files, {});
    }
  }));

test('a commit that the server does not give by its hash is found in the history of its branch', () =>
  withRepository(async (server, _url, first) => {
    await git(server.repositoryPath('repo'), ['config', 'uploadpack.allowAnySHA1InWant', 'false']);
    await server.commit('repo', { 'b.yaml': 'b' }, 'Second');
    // Protocol 2 gives everything that is there, so an old server plays the strict one.
    await using old = await protocolZero(server.url);
    const result = await read(`${old.url}/repo.git`, { commit: first, branch: 'main' });
    assert.equal(result.revision, `main@sha1:${first}`);
    assert.ok(!('b.yaml' in result.files));
    await assert.rejects(read(`${old.url}/repo.git`, { commit: '1'.repeat(40) }), {
      code: 'objectNotFound',
      message: `unable to resolve commit object for '${'1'.repeat(40)}': object not found`,
    });
  }));

/** Takes the `Git-Protocol` header off, so that the server behind answers as one before version 2 does. */
async function protocolZero(target: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const headers = { ...request.headers };
    delete headers['git-protocol'];
    delete headers.host;
    delete headers.connection;
    const forward = async (): Promise<void> => {
      const body = request.method === 'POST' ? await buffer(request) : undefined;
      const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      delete flat['content-length'];
      delete flat['transfer-encoding'];
      const answer = await fetch(`${target}${request.url}`, {
        method: request.method ?? 'GET',
        headers: flat,
        body: body ?? null,
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    };
    forward().catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a server that speaks protocol 0 gives the same as one that speaks 2', () =>
  withRepository(async (server, url) => {
    await server.tag('repo', 'v1.1.0', { message: 'annotated' });
    await using old = await protocolZero(server.url);
    for (const reference of [{ branch: 'main' }, { tag: 'v1.1.0' }, { semver: '1.x' }, { name: 'refs/tags/v1.1.0' }]) {
      assert.deepEqual(await read(`${old.url}/repo.git`, reference), await read(url, reference));
    }
  }));

test('failures have the words that people search for', () =>
  withRepository(async (server, url) => {
    await server.createRepository('empty');
    const gone = await startGitServer();
    await gone[Symbol.asyncDispose]();
    const port = new URL(gone.url).port;
    const list = `unable to clone '`;
    for (const c of [
      { url, reference: { branch: 'x' }, message: `unable to clone '${url}': couldn't find remote ref "refs/heads/x"` },
      { url, reference: { tag: 'x' }, message: `unable to clone '${url}': couldn't find remote ref "refs/tags/x"` },
      { url, reference: { name: 'refs/x' }, message: `unable to clone '${url}': couldn't find remote ref "refs/x"` },
      { url, reference: { semver: '>9' }, message: 'no match found for semver: >9' },
      { url, reference: { semver: 'latest' }, message: 'semver parse error: improper constraint: latest' },
      { url, reference: { commit: 'abc' }, message: `unable to resolve commit object for 'abc': object not found` },
      {
        url,
        reference: { commit: '2'.repeat(40) },
        message: `unable to resolve commit object for '${'2'.repeat(40)}': object not found`,
      },
      { url: server.repositoryUrl('empty'), reference: { branch: 'main' }, message: 'git repository is empty' },
      { url: server.repositoryUrl('empty'), reference: { semver: '1.x' }, message: 'git repository is empty' },
      { url: server.repositoryUrl('empty'), reference: { commit: '2'.repeat(40) }, message: 'git repository is empty' },
      {
        url: `${server.url}/none.git`,
        reference: {},
        message: `${list}${server.url}/none.git': repository not found: `,
      },
      {
        url: `${gone.url}/r`,
        reference: {},
        message: `${list}${gone.url}/r': Get "${gone.url}/r/info/refs?service=git-upload-pack": dial tcp 127.0.0.1:${port}: connect: connection refused`,
      },
      {
        url: 'http://git.invalid/r',
        reference: {},
        message: `${list}http://git.invalid/r': Get "http://git.invalid/r/info/refs?service=git-upload-pack": dial tcp: lookup git.invalid: no such host`,
      },
    ]) {
      await assert.rejects(read(c.url, c.reference), (error: Error) => {
        const words = error.message.replace('temporary failure in name resolution', 'no such host');
        assert.equal(words, c.message);
        return true;
      });
    }
  }));

test('credentials open a repository: basic, bearer, and userinfo that fills the gaps', async () => {
  await using server = await startGitServer({ auth: { username: 'me', password: 's3cr3t' } });
  await server.createRepository('repo', { a: '1' });
  const url = server.repositoryUrl('repo');
  const withUser = url.replace('http://', 'http://me@');
  await read(url, { branch: 'main' }, { credentials: { kind: 'basic', username: 'me', password: 's3cr3t' } });
  await read(withUser, { branch: 'main' }, { credentials: { kind: 'basic', username: '', password: 's3cr3t' } });
  await read(url.replace('http://', 'http://me:s3cr3t@'), { branch: 'main' });
  for (const credentials of [undefined, { kind: 'basic', username: 'me', password: 'wrong' } as const]) {
    await assert.rejects(read(withUser, { branch: 'main' }, credentials === undefined ? {} : { credentials }), {
      code: 'authenticationRequired',
      message: `unable to clone '${url}': authentication required: `,
    });
  }
  server.requireAuth({ bearer: 'token' });
  await read(url, { branch: 'main' }, { credentials: { kind: 'bearer', token: 'token' } });
});

test('a certificate is trusted through the CA that was given, and not without', async () => {
  await using server = await startGitServer({ tls: true });
  await server.createRepository('repo', { a: '1' });
  const url = server.repositoryUrl('repo');
  const result = await read(url, { branch: 'main' }, server.ca === undefined ? {} : { ca: server.ca });
  assert.deepEqual(result.files, { a: '1' });
  await assert.rejects(read(url, { branch: 'main' }), {
    code: 'unreachable',
    message: /: tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
  });
});

test('a redirect is followed, and takes credentials only to the same host', async () => {
  await using server = await startGitServer({ auth: { username: 'me', password: 's3cr3t' } });
  await server.createRepository('repo', { a: '1' });
  const seen: (string | undefined)[] = [];
  const front = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(302, { location: `${server.url}${request.url}` }).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => front.once('listening', resolve));
  const address = front.address();
  assert.ok(address !== null && typeof address === 'object');
  const url = `http://127.0.0.1:${address.port}/repo.git`;
  const credentials = { kind: 'basic', username: 'me', password: 's3cr3t' } as const;
  // Another port is another host: what listens there is not who the credentials are for.
  await assert.rejects(read(url, { branch: 'main' }, { credentials }), { code: 'authenticationRequired' });
  assert.equal(server.requests.at(-1)?.authorization, undefined);
  server.requireAuth(undefined);
  assert.deepEqual((await read(url, { branch: 'main' }, { credentials })).files, { a: '1' });
  assert.equal(server.requests.at(-1)?.authorization, undefined);
  assert.ok(seen.every((header) => header !== undefined));
  front.closeAllConnections();
  front.close();
});

test('a server that hangs ends at the deadline, wherever it hangs', () =>
  withRepository(async (server, url) => {
    for (const path of ['/info/refs', '/git-upload-pack']) {
      server.fault((request) => (request.path.includes(path) ? 'hang' : undefined));
      await assert.rejects(read(url, { branch: 'main' }, { timeoutMs: 100 }), {
        code: 'timeout',
        message: /: context deadline exceeded$/,
      });
    }
  }));

test('an answer that breaks off or is no Git is an error, never half a tree', () =>
  withRepository(async (server, url) => {
    for (const cutAfterBytes of [10, 100]) {
      server.fault((request) => (request.method === 'POST' ? { cutAfterBytes } : undefined));
      await assert.rejects(read(url, { branch: 'main' }), /unable to clone/);
    }
    server.fault(() => ({ status: 200, body: '<html>' }));
    await assert.rejects(read(url, { branch: 'main' }), {
      code: 'protocol',
      message: /does not speak the smart HTTP protocol/,
    });
    server.fault(() => ({ status: 500, body: 'oops' }));
    await assert.rejects(read(url, { branch: 'main' }), { code: 'unreachable', message: /status code: 500: oops$/ });
  }));

test('ignore files and spec.ignore decide what stays', () =>
  withRepository(async (server, url) => {
    await server.commit(
      'repo',
      { 'apps/.sourceignore': '*.sh\n', 'docs/x.md': 'x', 'docs/keep.md': 'k', '.gitignore': 'x' },
      'More',
    );
    const { files } = await read(url, { branch: 'main' }, { ignore: '# a comment\ndocs/\n!docs/keep.md' });
    assert.deepEqual(Object.keys(files), ['apps/', 'apps/.sourceignore', 'apps/a.yaml', 'docs/keep.md', 'logo.png']);
  }));

test('a repository with deltas, large files and many folders comes out as git itself shows it', async () => {
  await using server = await startGitServer();
  const lines = (seed: number): string =>
    Array.from({ length: 4000 }, (_, n) => `line ${n} ${n % 97 === seed ? seed : ''}`).join('\n');
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`d${n % 7}/s${n % 3}/f${n}.txt`, lines(n)]));
  const large = Buffer.alloc(6_000_000, 'sluice').toString();
  await server.createRepository('repo', {
    ...files,
    'big.bin': large,
    'a-b/x': '1',
    'a/x': '2',
    'a.b': '3',
    'ünïcode/ß': '4',
  });
  await git(server.repositoryPath('repo'), ['repack', '-adfq', '--depth=50', '--window=50']);
  const url = server.repositoryUrl('repo');
  const fromMemory = await read(url, { branch: 'main' }, { ignore: 'nothing' });
  const fromDisk = await read(url, { branch: 'main' }, { ignore: 'nothing', memoryBytes: 1000 });
  assert.deepEqual(fromMemory, fromDisk);
  const plain = Object.entries(fromMemory.files).filter(([path]) => !path.endsWith('/'));
  assert.deepEqual(Object.fromEntries(plain), {
    ...files,
    'big.bin': large,
    'a-b/x': '1',
    'a/x': '2',
    'a.b': '3',
    'ünïcode/ß': '4',
  });
  const order = Object.keys(fromMemory.files).filter((path) => path.startsWith('a'));
  assert.deepEqual(order, ['a/', 'a/x', 'a-b/', 'a-b/x', 'a.b']);
});

test('tags that differ in build metadata only: the latest commit wins', async () => {
  await using server = await startGitServer();
  const early = await server.createRepository('repo', { a: '1' });
  const late = await server.commit('repo', { a: '2' }, 'Later', { date: new Date(Date.now() + 60_000) });
  await server.tag('repo', '1.0.0+z', { ref: early });
  await server.tag('repo', '1.0.0+a', { ref: late, message: 'annotated' });
  assert.equal((await read(server.repositoryUrl('repo'), { semver: '1.x' })).revision, `1.0.0+a@sha1:${late}`);
});

test('one commit is fetched, not its history', () =>
  withRepository(async (server, url) => {
    for (let n = 0; n < 5; n++) await server.commit('repo', { [`f${n}`]: 'x'.repeat(1000) }, `Commit ${n}`);
    using timer = deadline(20_000);
    await using remote = openHttpRemote({ url }, { dir: tmpdir() });
    const target = await resolveReference(remote, { branch: 'main' }, timer.signal);
    using checkout = await checkOut(remote, { branch: 'main' }, target, timer.signal);
    assert.equal(checkout.commit.parents.length, 1);
    assert.equal(checkout.snapshot.has(checkout.commit.parents[0] ?? ''), false);
    assert.equal(server.requests.length, 3);
  }));
