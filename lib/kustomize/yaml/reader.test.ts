import assert from 'node:assert/strict';
import { test } from 'node:test';
import { YamlError, type YamlErrorCode } from './error.ts';
import { toJson } from './json.ts';
import { readDocuments, readYamlV2 } from './reader.ts';

const documents: readonly { name: string; input: string; want: unknown[] }[] = [
  {
    name: 'skips empty and comment-only documents',
    input: '# a\n---\n---\n# b\n---\na: 1\n--- # c\nb: 2\n---\n',
    want: [{ a: 1 }, { b: 2 }],
  },
  {
    name: 'accepts CRLF and a byte order mark',
    input: '\ufeffa: |\r\n  x\r\n  y\r\nb: 1\r\n',
    want: [{ a: 'x\ny\n', b: 1 }],
  },
  {
    name: 'reads JSON',
    input: '{"a": [1, "x", null, true], "b": {"c": -1.5}}',
    want: [{ a: [1, 'x', null, true], b: { c: -1.5 } }],
  },
  { name: 'expands aliases', input: 'a: &x {k: [1]}\nb: *x', want: [{ a: { k: [1] }, b: { k: [1] } }] },
  {
    name: 'merges: own keys win, then earlier mappings',
    input: 'a: &x {k: 1, l: 1}\nb: &y {l: 2, m: 2}\nc: {<<: [*x, *y], k: 3}',
    want: [{ a: { k: 1, l: 1 }, b: { l: 2, m: 2 }, c: { k: 3, l: 1, m: 2 } }],
  },
  {
    name: 'reads YAML 1.2 booleans only',
    input: 'a: [yes, on, true, 1:30]',
    want: [{ a: ['yes', 'on', true, '1:30'] }],
  },
  {
    name: 'folds scalars',
    input: 'a: >\n  x\n  y\n\n  z\nb: "p\n\n  q\\\n  r"\nc: s\n  t',
    want: [{ a: 'x y\nz\n', b: 'p\nqr', c: 's t' }],
  },
];
for (const { name, input, want } of documents) {
  test(`readDocuments ${name}`, () => {
    assert.deepEqual(readDocuments(input).map(toJson), want);
  });
}

const errors: readonly { name: string; input: string; code: YamlErrorCode; message: string; line: number }[] = [
  {
    name: 'text after a separator',
    input: 'a: 1\n--- b\nc: 2\n',
    code: 'separator',
    message: 'invalid document separator: --- b',
    line: 2,
  },
  {
    name: 'a duplicate key',
    input: 'a: 1\nb: 2\na: 3\n',
    code: 'duplicateKey',
    message: 'yaml: unmarshal errors:\n  line 3: mapping key "a" already defined at line 1',
    line: 3,
  },
  {
    name: 'an alias to another document',
    input: 'a: &x 1\n---\nb: *x\n',
    code: 'alias',
    message: "yaml: unknown anchor 'x' referenced",
    line: 1,
  },
  {
    name: 'an anchor within itself',
    input: 'a: &x [*x]',
    code: 'alias',
    message: "yaml: anchor 'x' value contains itself",
    line: 1,
  },
  {
    name: 'a merge of a scalar',
    input: 'a: {<<: 1}',
    code: 'merge',
    message: 'map merge requires map or sequence of maps as the value',
    line: 1,
  },
  {
    name: 'a key without colon',
    input: 'a: 1\nb\nc: 2\n',
    code: 'syntax',
    message: "yaml: line 2: could not find expected ':'",
    line: 3,
  },
  {
    name: 'a tab as indentation',
    input: 'a:\n\tb: 1\n',
    code: 'syntax',
    message: 'yaml: line 2: found character that cannot start any token',
    line: 2,
  },
  {
    name: 'an unclosed flow sequence',
    input: 'a:\n- [b\nc: d\n',
    code: 'syntax',
    message: "yaml: line 1: did not find expected ',' or ']'",
    line: 3,
  },
  {
    name: 'control characters',
    input: 'a: 1\nb: \u0001',
    code: 'syntax',
    message: 'yaml: control characters are not allowed',
    line: 2,
  },
];
for (const { name, input, code, message, line } of errors) {
  test(`readDocuments refuses ${name} in go-yaml's words`, () => {
    assert.throws(
      () => readDocuments(input, { path: 'r.yaml' }),
      (error) => {
        assert.ok(error instanceof YamlError);
        assert.deepEqual(
          { code: error.code, message: error.message, line: error.line, path: error.path },
          { code, message, line, path: 'r.yaml' },
        );
        return true;
      },
    );
  });
}

const bomb = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`);
const hostile: readonly { name: string; input: string }[] = [
  { name: 'deep flow nesting', input: '['.repeat(1e5) },
  { name: 'deep block nesting', input: '- '.repeat(1e5) },
  { name: 'an alias bomb', input: ['a0: &a0 [x, x]', ...bomb].join('\n') },
  { name: 'too many nodes', input: `a: [${'{a: b}, '.repeat(3e5)}]` },
];
for (const { name, input } of hostile) {
  test(`the readers bound ${name}`, () => {
    const isLimit = (error: unknown): boolean => error instanceof YamlError && error.code === 'limit' && error.line > 0;
    assert.throws(() => readDocuments(input, { limits: { maxNodes: 100_000 } }), isLimit);
    assert.throws(() => readYamlV2(input, { limits: { maxNodes: 100_000 } }), isLimit);
  });
}

test('readDocuments refuses a text over the length limit', () => {
  assert.throws(
    () => readDocuments('a: bcdef', { limits: { maxLength: 5 } }),
    (error) => error instanceof YamlError && error.code === 'limit',
  );
});

const v2: readonly { name: string; input: string; want: unknown }[] = [
  { name: 'reads YAML 1.1 booleans', input: 'a: [yes, off, n, true]', want: { a: [true, false, false, true] } },
  { name: 'reads octals', input: 'a: [010, 0o10]', want: { a: [8, 8] } },
  { name: 'keeps timestamps strings', input: 'a: 2001-12-14', want: { a: '2001-12-14' } },
  { name: 'lets the last duplicate win', input: 'a: 1\nb: 2\na: 3', want: { a: 3, b: 2 } },
  { name: 'merges in place', input: 'a: {k: 1, <<: {k: 2, l: 2}, l: 3}', want: { a: { k: 2, l: 3 } } },
  { name: 'reads the first document only', input: 'a: 1\n---\nb: 2', want: { a: 1 } },
  { name: 'reads nothing as null', input: '# empty\n', want: null },
];
for (const { name, input, want } of v2) {
  test(`readYamlV2 ${name}`, () => {
    assert.deepEqual(toJson(readYamlV2(input)), want);
  });
}
