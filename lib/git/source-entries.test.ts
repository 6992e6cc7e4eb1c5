import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grafted, missingFolder, type SourceEntry, sparseEntries } from './source-entries.ts';
import { parseModules, submoduleUrl } from './submodules.ts';

const from = { readBlob: () => ({ sizeBytes: 0, content: new Uint8Array() }) };

/** `a/` is a folder. */
function entries(...paths: readonly string[]): readonly SourceEntry[] {
  return paths.map((path) => ({
    path: path.split('/').filter(Boolean),
    kind: path.endsWith('/') ? 'tree' : 'file',
    oid: path,
    from,
  }));
}

function shown(list: readonly SourceEntry[] | undefined): readonly string[] | undefined {
  return list?.map(({ path, kind }) => path.join('/') + (kind === 'tree' ? '/' : ''));
}

const tree = entries('a/', 'a/b/', 'a/b/x', 'a/y', 'ab/', 'ab/z', 'c', 'd/', 'd/e');

for (const c of [
  { folders: undefined, want: shown(tree), missing: undefined },
  { folders: [], want: shown(tree), missing: undefined },
  { folders: ['.'], want: shown(tree), missing: undefined },
  { folders: ['a/b'], want: ['a/', 'a/b/', 'a/b/x'], missing: undefined },
  { folders: ['./a/b/'], want: ['a/', 'a/b/', 'a/b/x'], missing: undefined },
  { folders: ['a'], want: ['a/', 'a/b/', 'a/b/x', 'a/y', 'ab/', 'ab/z'], missing: undefined },
  { folders: ['a/', 'd'], want: ['a/', 'a/b/', 'a/b/x', 'a/y', 'd/', 'd/e'], missing: undefined },
  { folders: ['c'], want: ['c'], missing: undefined },
  { folders: ['d', 'none'], want: ['d/', 'd/e'], missing: 'none' },
  { folders: ['a/', 'a/b/c'], want: ['a/', 'a/b/', 'a/b/x', 'a/y'], missing: 'a/b/c' },
]) {
  test(`a sparse checkout of ${JSON.stringify(c.folders)}`, () => {
    const sparse = sparseEntries(tree, c.folders);
    assert.deepEqual(shown(sparse), c.want);
    assert.equal(missingFolder(sparse, c.folders), c.missing);
  });
}

for (const c of [
  { at: 'b', added: ['b/', 'b/1'], want: ['a/', 'a/b/', 'a/b/x', 'a/y', 'ab/', 'ab/z', 'b/', 'b/1', 'c', 'd/', 'd/e'] },
  { at: 'd/f/g', added: ['d/f/g'], want: [...(shown(tree) ?? []), 'd/f/', 'd/f/g'] },
  { at: 'a/b', added: ['a/b/', 'a/b/1'], want: undefined },
  { at: 'c/d', added: ['c/d'], want: undefined },
  { at: 'c', added: ['c'], want: undefined },
  { at: '', added: ['d/', 'd/f', 'z'], want: [...(shown(tree) ?? []), 'd/f', 'z'] },
  { at: '', added: ['d/', 'd/e'], want: undefined },
]) {
  test(`${c.added.join(' ')} at "${c.at}" ${c.want === undefined ? 'has no place' : 'is put in, in order'}`, () => {
    assert.deepEqual(shown(grafted(tree, c.at.split('/').filter(Boolean), entries(...c.added))), c.want);
  });
}

for (const [text, want] of [
  ['../other.git', 'https://me@git.example/org/other.git'],
  ['./sub.git', 'https://me@git.example/org/repo.git/sub.git'],
  ['../../x/y', 'https://me@git.example/x/y'],
  ['https://else.example/x', 'https://else.example/x'],
  ['git@else.example:org/x.git', 'ssh://git@else.example/org/x.git'],
  ['else.example:x.git', 'ssh://git@else.example/x.git'],
  ['ssh://me@else.example:2222/x', 'ssh://me@else.example:2222/x'],
] as const) {
  test(`a submodule at ${text}`, () =>
    assert.equal(submoduleUrl(text, 'https://me@git.example/org/repo.git').href, want));
}

for (const text of ['file:///etc/passwd', 'ext::sh -c id', '/srv/x', 'git://x/y', '--upload-pack=x']) {
  test(`a submodule at ${text} is refused`, () =>
    assert.throws(() => submoduleUrl(text, 'https://git.example/x'), { code: 'protocol' }));
}

test('relative submodules of a repository over ssh stay on its host', () => {
  assert.equal(submoduleUrl('../b.git', 'ssh://git@h:2222/o/a.git').href, 'ssh://git@h:2222/o/b.git');
});

test('parseModules reads sections with path and address, and nothing else', () => {
  const text = `# c
[submodule "one"] 
\tpath = a/b/ ; comment
\turl = "https://x/#y" # comment
[submodule "half"]
\tpath = half
[other "x"]
\tpath = no
\turl = no
[SUBMODULE "two"]
  URL=../t
  Path = "with \\"quotes\\""
`;
  assert.deepEqual(parseModules(text), [
    { path: 'a/b', url: 'https://x/#y' },
    { path: 'with "quotes"', url: '../t' },
  ]);
});
