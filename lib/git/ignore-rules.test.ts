import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoreRules, parseIgnoreLines } from './ignore-rules.ts';

/** Which of the paths stay; a path that ends in a slash is a folder. */
function kept(patterns: string, paths: readonly string[], domain: readonly string[] = []): readonly string[] {
  const rules = ignoreRules(parseIgnoreLines(patterns, domain));
  return paths.filter((path) => !rules.excludes(path.replace(/\/$/, '').split('/'), path.endsWith('/')));
}

for (const c of [
  {
    name: 'keep out version control, binaries and CI while nobody wrote a pattern',
    patterns: '# only a comment\n\n   \n',
    paths: [
      'a.yaml',
      '.gitignore',
      'x/.gitmodules',
      'logo.png',
      'a.tar.gz',
      '.github/w.yml',
      '.travis.yml',
      'd/.sops.yaml',
    ],
    want: ['a.yaml'],
  },
  {
    name: 'keep out version control only once somebody did',
    patterns: 'nothing',
    paths: ['a.yaml', '.gitignore', 'logo.png', '.github/w.yml'],
    want: ['a.yaml', 'logo.png', '.github/w.yml'],
  },
  {
    name: 'let version control back in on request',
    patterns: '!.gitignore',
    paths: ['.gitignore'],
    want: ['.gitignore'],
  },
  { name: 'exclude a name at any depth', patterns: 'x', paths: ['x', 'a/x', 'a/x/b', 'ax'], want: ['ax'] },
  {
    name: 'anchor a pattern with a slash in it',
    patterns: '/x\na/b',
    paths: ['x', 'c/x', 'a/b', 'a/b/c', 'd/a/b'],
    want: ['c/x', 'd/a/b'],
  },
  {
    name: 'take a trailing slash for folders only',
    patterns: 'x/',
    paths: ['x', 'x/', 'x/y', 'a/x', 'a/x/y'],
    want: ['x', 'a/x'],
  },
  {
    name: 'cross folders with two stars',
    patterns: '**/x\na/**/z',
    paths: ['x', 'a/b/x', 'a/z', 'a/b/c/z', 'z'],
    want: ['z'],
  },
  {
    name: 'take two stars at the end for the folder itself too',
    patterns: 'a/**',
    paths: ['a/', 'a/b', 'b/a'],
    want: ['b/a'],
  },
  {
    name: 'bring back what is below an excluded folder',
    patterns: 'd/\n!d/keep',
    paths: ['d/', 'd/x', 'd/keep'],
    want: ['d/keep'],
  },
  { name: 'let the last pattern win', patterns: '!a\na', paths: ['a'], want: [] },
  {
    name: 'exclude all but some',
    patterns: '/*\n!/deploy',
    paths: ['README', 'deploy/', 'deploy/a'],
    want: ['deploy/', 'deploy/a'],
  },
  { name: 'take a hash after the first column for a name', patterns: ' #x\n\\#y', paths: [' #x', '#y'], want: [] },
  { name: 'drop blanks at the end unless escaped', patterns: 'a  \nb\\ ', paths: ['a', 'b '], want: [] },
  { name: 'ignore a carriage return', patterns: 'a\r\nb\r\n', paths: ['a', 'b', 'c'], want: ['c'] },
  { name: 'match nothing with a glob that does not parse', patterns: '[a', paths: ['[a', 'a'], want: ['[a', 'a'] },
] as const) {
  test(`ignore rules ${c.name}`, () => assert.deepEqual(kept(c.patterns, c.paths), c.want));
}

test('ignore rules of a folder speak about that folder only', () => {
  assert.deepEqual(kept('/x\ny', ['x', 'a/x', 'a/b/x', 'a/b/y', 'y', 'a'], ['a']), ['x', 'a/b/x', 'y', 'a']);
});
