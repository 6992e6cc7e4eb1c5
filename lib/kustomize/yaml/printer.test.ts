import assert from 'node:assert/strict';
import { test } from 'node:test';
import { YamlError } from './error.ts';
import { MapNode, scalar, ScalarNode, SeqNode } from './node.ts';
import { print, printDocuments } from './printer.ts';
import { readDocuments } from './reader.ts';

/** `want` is what `kustomize build` v5.8.1 prints for a resource with this field. */
const printed: readonly { name: string; input: string; want: string }[] = [
  {
    name: 'quotes what YAML 1.1 reads as something else',
    input: 'v: [yes, on, n, "1.0", "0x1F", "08", "1:30", "~", ""]',
    want: 'v:\n- "yes"\n- "on"\n- "n"\n- "1.0"\n- "0x1F"\n- "08"\n- "1:30"\n- "~"\n- ""\n',
  },
  {
    name: 'leaves strings plain that only look odd',
    input: 'v: [=, 0o8, Infinity, 1.2.3]',
    want: 'v:\n- =\n- 0o8\n- Infinity\n- 1.2.3\n',
  },
  {
    name: 'single-quotes indicators',
    input: `v: ['#a', 'a: b', '- a', ':', 'a:', "it's: x"]`,
    want: "v:\n- '#a'\n- 'a: b'\n- '- a'\n- ':'\n- 'a:'\n- 'it''s: x'\n",
  },
  {
    name: 'normalises numbers',
    input: 'v: [1.0, 1e3, .5, 1.5e-7, 0777, 0o777, 0xFF, 0b101, 1_000, 1234567.5, 999999.5, 2e19, -0.0, 1e400, .5_0]',
    want: 'v:\n- 1\n- 1000\n- 0.5\n- 1.5e-07\n- 511\n- 511\n- 255\n- 5\n- 1000\n- 1.2345675e+06\n- 999999.5\n- 2e+19\n- 0\n- 1e400\n- 0.5\n',
  },
  {
    name: 'keeps 64-bit integers exact',
    input: 'v: [9223372036854775807, 18446744073709551615, -9223372036854775809]',
    want: 'v:\n- 9223372036854775807\n- 18446744073709551615\n- -9.223372036854776e+18\n',
  },
  {
    name: 'rewrites timestamps',
    input: 'v: [2001-12-14, 2001-12-14T21:59:43.10-05:00, 2001-12-14 21:59:43.10 -5]',
    want: 'v:\n- "2001-12-14T00:00:00Z"\n- "2001-12-14T21:59:43.1-05:00"\n- 2001-12-14 21:59:43.10 -5\n',
  },
  {
    name: 'quotes an empty flow entry, but not null',
    input: 'v: [{a}, {a: }, {a: null}]\nw:',
    want: 'v:\n- a: ""\n- a: ""\n- a: null\nw: null\n',
  },
  {
    name: 'drops custom tags and obeys known ones',
    input: 'v: [!!str 123, !!int "7", !foo bar, !!binary aGVsbG8=, !!float 1]',
    want: 'v:\n- "123"\n- 7\n- bar\n- hello\n- 1\n',
  },
  {
    name: 'gives headers to literal blocks',
    input: 'v: ["a\\nb", "a\\n", "a\\n\\n", "  a\\nb\\n", "\\na\\n"]',
    want: 'v:\n- |-\n  a\n  b\n- |\n  a\n- |+\n  a\n\n- |2\n    a\n  b\n- |2\n\n  a\n',
  },
  {
    name: 'double-quotes breaks behind blanks, tabs and astral characters',
    input: 'v: ["x \\ny\\n", "a\\r\\nb", "a\\tb", "\\U0001F600", "nul\\0"]',
    want: 'v:\n- "x \\ny\\n"\n- "a\\r\\nb"\n- "a\\tb"\n- "\\U0001F600"\n- "nul\\0"\n',
  },
  {
    name: 'folds after column 80 at single spaces',
    input: `v: ${'word '.repeat(20)}end`,
    want: `v: ${'word '.repeat(15)}word\n  ${'word '.repeat(4)}end\n`,
  },
  {
    name: 'never folds at two spaces in plain style',
    input: `v: "${'x'.repeat(90)}  y z"`,
    want: `v: ${'x'.repeat(90)}  y\n  z\n`,
  },
  {
    name: 'writes long and multi-line keys explicitly',
    input: `v:\n  ? ${'k'.repeat(129)}\n  : a: 1\n  ? "a\\nb"\n  : [1]`,
    want: `v:\n  ? |-\n    a\n    b\n  : - 1\n  ? ${'k'.repeat(129)}\n  : a: 1\n`,
  },
  {
    name: 'sorts keys naturally',
    input: 'v: {x100y: 1, x99y: 1, a10: 1, a2: 1, B: 1, _: 1}',
    want: 'v:\n  _: 1\n  B: 1\n  a2: 1\n  a10: 1\n  x99y: 1\n  x100y: 1\n',
  },
  {
    name: 'doubles breaks of folded scalars before deeper lines',
    input: 'v: >-\n  f(\n    x\n  )\n',
    want: 'v: |-\n  f(\n\n    x\n  )\n',
  },
  { name: 'folds U+0085 away, which JSON leaves raw', input: 'v: "a \\N b"', want: 'v: a b\n' },
  { name: 'makes strings of the keys of the root', input: '6443: a\ntrue: b', want: '"6443": a\n"true": b\n' },
];
for (const { name, input, want } of printed) {
  test(`print ${name}`, () => {
    assert.equal(printDocuments(readDocuments(input)), want);
  });
}

const refused: readonly { name: string; input: string; code: string; message: RegExp }[] = [
  { name: 'infinity', input: 'v: .inf', code: 'value', message: /json: unsupported value: \+Inf/ },
  {
    name: 'a scalar that is not what its tag says',
    input: 'v: !!int x',
    code: 'value',
    message: /cannot decode !!str `x` as a !!int/,
  },
  {
    name: 'a number as a nested key',
    input: 'v: {6443: a}',
    code: 'key',
    message: /json: unsupported type: map\[interface \{\}\]interface \{\}/,
  },
  { name: 'a mapping as a key', input: 'v: {{a: b}: c}', code: 'key', message: /invalid map key/ },
  { name: 'C1 control characters', input: 'v: "\\x80"', code: 'value', message: /control characters are not allowed/ },
  {
    name: 'a literal block that starts with a tab',
    input: 'v: |2\n  \ta\n  b',
    code: 'value',
    message: /found a tab character/,
  },
];
for (const { name, input, code, message } of refused) {
  test(`print refuses ${name}`, () => {
    assert.throws(
      () => printDocuments(readDocuments(input)),
      (error) => error instanceof YamlError && error.code === code && message.test(error.message),
    );
  });
}

test('print quotes strings that the engine makes', () => {
  const map = new MapNode();
  map.set('b', scalar('true'));
  map.set('a', new SeqNode([new ScalarNode('3', '!!int'), scalar('3'), new MapNode(), new SeqNode()]));
  assert.equal(print(map), 'a:\n- 3\n- "3"\n- {}\n- []\nb: "true"\n');
});
