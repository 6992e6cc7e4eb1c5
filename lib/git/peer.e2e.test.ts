import assert from 'node:assert/strict';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { clone, resolveRef, TREE, walk, type WalkerEntry } from 'isomorphic-git';
import http from 'isomorphic-git/http/node';
import { startGitServer } from '#test-kit';
import { checkOut, resolveReference } from './checkout.ts';
import { openHttpRemote } from './remote.ts';
import { checkoutEntries } from './source-entries.ts';
import { treeFiles } from './tree-files.ts';

interface Read {
  readonly commit: string;
  readonly files: Readonly<Record<string, string>>;
}

async function readWithOurs(url: string, branch: string, dir: string): Promise<Read> {
  const signal = AbortSignal.timeout(30_000);
  await using remote = openHttpRemote({ url }, { dir });
  const target = await resolveReference(remote, { branch }, signal);
  using checkout = await checkOut(remote, { branch }, target, signal);
  const files: Record<string, string> = {};
  // An ignore rule that matches nothing keeps the default rules out.
  for await (const file of treeFiles(checkoutEntries(checkout), 'no-such-file')) {
    if (file.kind === 'folder') continue;
    const content = file.content instanceof Uint8Array ? Buffer.from(file.content) : await buffer(file.content);
    files[file.path.join('/')] = content.toString();
  }
  return { commit: target.revision.slice(-40), files };
}

async function readWithPeer(url: string, branch: string, dir: string): Promise<Read> {
  await clone({ fs, http, dir, url, ref: branch, depth: 1, singleBranch: true, noCheckout: true });
  const files: Record<string, string> = {};
  const map = async (path: string, entries: (WalkerEntry | null)[]): Promise<void> => {
    const [entry] = entries;
    if (!entry || (await entry.type()) !== 'blob') return;
    if (((await entry.mode()) & 0o170000) === 0o120000) return; // symlinks are not packed
    files[path] = Buffer.from((await entry.content()) ?? []).toString();
  };
  await walk({ fs, dir, trees: [TREE({ ref: branch })], map });
  return { commit: await resolveRef({ fs, dir, ref: branch }), files };
}

test('a shallow fetch reads the same commit and files as isomorphic-git', async () => {
  const dir = await mkdtemp(`${tmpdir()}/git-peer-`);
  await using server = await startGitServer();
  try {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, n) => [`apps/${n % 17}/file-${n}.yaml`, `n: ${n}\n`.repeat((n % 40) + 1)]),
    );
    await server.createRepository('repo', { ...many, 'run.sh': { content: '#!/bin/sh\n', mode: 'executable' } });
    // Several versions of one file make the server send deltas.
    for (let version = 0; version < 5; version++) {
      await server.commit(
        'repo',
        { 'apps/large.yaml': `version: ${version}\n${'text: the same\n'.repeat(2000)}` },
        `Version ${version}`,
      );
    }
    const url = server.repositoryUrl('repo');
    const [ours, theirs] = [await readWithOurs(url, 'main', dir), await readWithPeer(url, 'main', `${dir}/peer`)];
    assert.equal(Object.keys(ours.files).length, 302);
    assert.deepEqual(ours, theirs);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
