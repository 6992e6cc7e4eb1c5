import assert from 'node:assert/strict';
import { test } from 'node:test';
import { highestInRange, parseTagVersion } from './semver-range.ts';

const tags = [
  'v0.2.9',
  '0.3.0',
  '1.0.0',
  '1.2.3',
  'v1.3.0',
  '1.4.0-rc.1',
  '2.0.0-beta',
  '2.0.0',
  '2.1.0-alpha.1',
  'latest',
  '3.0',
  '03.01.00',
];

for (const [range, want] of [
  ['*', '03.01.00'],
  ['1.x', 'v1.3.0'],
  ['1', 'v1.3.0'],
  ['1.2', '1.2.3'],
  ['>=1.0.0 <2.0.0', 'v1.3.0'],
  ['>=1.0.0,<2.0.0', 'v1.3.0'],
  ['>= 1.0.0, < 2.0.0', 'v1.3.0'],
  ['>=1.0.0-0 <2.0.0', '2.0.0-beta'],
  ['~1.2', '1.2.3'],
  ['~> 1.2.0', '1.2.3'],
  ['^1.0', 'v1.3.0'],
  ['^0.2.0', 'v0.2.9'],
  ['^0', '0.3.0'],
  ['1.0.0 - 1.2.9', '1.2.3'],
  ['1.0 - 1.2', '1.2.3'],
  ['<1.0.0 || 1.2.x', '1.2.3'],
  ['=>1.2.3 =<1.2.3', '1.2.3'],
  ['!=2.0.0 <3', 'v1.3.0'],
  ['>1.2 <2.0.0', 'v1.3.0'],
  ['<=1', 'v1.3.0'],
  ['v1.0.0', '1.0.0'],
  ['>=2.0.0-0 <3.0.0-0', '2.1.0-alpha.1'],
  ['>9', undefined],
  ['!=1.x <2', '0.3.0'],
] as const) {
  test(`the highest of the tags in "${range}" is ${want}`, () => {
    assert.equal(highestInRange(tags, range)[0]?.tag, want);
  });
}

for (const range of ['', 'latest', '1.2.3.4', '>=', '1.0.0 ||', '<<1', '1.0.0-']) {
  test(`"${range}" is no range`, () => {
    assert.throws(() => highestInRange(tags, range), {
      code: 'noMatch',
      message: `semver parse error: improper constraint: ${range}`,
    });
  });
}

test('versions need three parts; zeros and a v before them are fine', () => {
  for (const tag of ['1.2', 'x1.2.3', '1.2.3.4', 'release-1.2.3', '1.2.3-', '99999999999999999999.0.0']) {
    assert.equal(parseTagVersion(tag), undefined, tag);
  }
  assert.equal(parseTagVersion('v01.002.3+build')?.version.version, '1.2.3');
});

test('versions that differ in build metadata only are all returned', () => {
  assert.deepEqual(
    highestInRange(['1.0.0+a', '0.9.0', '1.0.0+b'], '1.x').map(({ tag }) => tag),
    ['1.0.0+a', '1.0.0+b'],
  );
});
