import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CelError } from './error.ts';
import { compileExpression, type CompileOptions } from './expression.ts';

const whole: CompileOptions = { variables: { self: 'map', dep: 'map' }, result: 'any', check: true };
const unchecked: CompileOptions = { result: 'any', check: false };

function refusal(work: () => unknown): CelError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof CelError, String(error));
    return error;
  }
  return assert.fail('nothing was refused');
}

for (const c of [
  {
    name: 'gives JSON',
    text: "{'a': [1, 2.5, null], 'b': self.x}",
    want: { a: [1, 2.5, null], b: { y: 1 } },
    options: unchecked,
  },
  {
    name: 'prints times and durations',
    text: "[string(timestamp(0)), string(duration('90m'))]",
    want: ['1970-01-01T00:00:00Z', '5400s'],
    options: whole,
  },
  { name: 'reads whole numbers as integers', text: 'self.x.y / 2', want: 0, options: whole },
  {
    name: 'gives integers that JSON cannot hold as text',
    text: '9223372036854775807',
    want: '9223372036854775807',
    options: whole,
  },
  { name: 'knows the type beforehand', text: 'self.x.y == dep.z', want: false, options: whole },
]) {
  test(`an expression ${c.name}`, () => {
    assert.deepEqual(compileExpression(c.text, c.options).evaluate({ self: { x: { y: 1 } }, dep: { z: 2 } }), c.want);
  });
}

for (const c of [
  {
    name: 'what is no CEL',
    text: 'self.',
    result: 'bool',
    code: 'parse',
    want: /^failed to parse the CEL expression 'self\.': ERROR: <input>:1:6: Syntax error: no viable alternative at input '\.'\n \| self\.\n \| \.\.\.\.\.\^$/,
  },
  {
    name: 'a result of unknown type',
    text: 'self.x',
    result: 'bool',
    code: 'check',
    want: /^CEL expression output type mismatch: expected bool, got dyn$/,
  },
  {
    name: 'a result of another type',
    text: '1',
    result: 'string',
    code: 'check',
    want: /^CEL expression output type mismatch: expected string, got int$/,
  },
  {
    name: 'a variable that is not declared',
    text: 'other.x == 1',
    result: 'bool',
    code: 'check',
    want: /undeclared reference to 'other' \(in container ''\)/,
  },
  {
    name: 'a pattern that is none',
    text: "'a'.matches('(')",
    result: 'bool',
    code: 'check',
    want: /^failed to create CEL program: error parsing regexp: missing closing \)/,
  },
  {
    name: 'a constant that is no time',
    text: "timestamp('x') == timestamp('y')",
    result: 'bool',
    code: 'check',
    want: /type conversion error from 'string'/,
  },
] as const) {
  test(`compileExpression refuses ${c.name}`, () => {
    const { code, message } = refusal(() => compileExpression(c.text, { ...whole, result: c.result }));
    assert.equal(code, c.code);
    assert.match(message, c.want);
  });
}

for (const c of [
  { text: 'self.a.b == 1', want: "failed to evaluate the CEL expression 'self.a.b == 1': no such key: a" },
  { text: '1 / self.zero == 1', want: "failed to evaluate the CEL expression '1 / self.zero == 1': division by zero" },
  {
    text: 'self.list[3] == 1',
    want: "failed to evaluate the CEL expression 'self.list[3] == 1': index out of bounds: 3",
  },
]) {
  test(`evaluating ${c.text} fails in Flux's words`, () => {
    const expression = compileExpression(c.text, { ...whole, result: 'bool' });
    const { code, message } = refusal(() => expression.evaluate({ self: { zero: 0, list: [] }, dep: {} }));
    assert.deepEqual([code, message], ['evaluate', c.want]);
  });
}

test('without a check another type than the wanted one shows when it is evaluated', () => {
  const expression = compileExpression('x', { result: 'bool', check: false });
  assert.equal(expression.evaluate({ x: true }), true);
  const { code, message } = refusal(() => expression.evaluate({ x: 'a' }));
  assert.deepEqual([code, message], ['evaluate', "failed to evaluate CEL expression as boolean: 'x'"]);
});

test('names that every JavaScript object has are fields like any other', () => {
  const expression = compileExpression('has(self.constructor) || has(self.toString)', { ...whole, result: 'bool' });
  assert.equal(expression.evaluate({ self: {}, dep: {} }), false);
  const own = JSON.parse('{"self": {"__proto__": {"a": 1}, "constructor": 2}}');
  assert.equal(compileExpression('self.__proto__.a + self.constructor', whole).evaluate(own), 3);
  assert.equal(refusal(() => compileExpression('toString', unchecked).evaluate({})).code, 'evaluate');
});

const hundred = `[${Array.from({ length: 100 }, (_, i) => i).join()}]`;

for (const c of [
  { name: 'nested loops', text: `${hundred}.all(a, ${hundred}.all(b, ${hundred}.all(c, ${hundred}.all(d, a >= 0))))` },
  {
    name: 'loops that || would hide',
    text: `${hundred}.all(a, ${hundred}.all(b, ${hundred}.all(c, ${hundred}.all(d, a >= 0)))) || true`,
  },
  {
    name: 'text that doubles',
    text: `${hundred}.map(a, '${'x'.repeat(1000)}').map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a)`,
  },
  { name: 'comparisons of long lists', text: `${hundred}.all(a, ${hundred}.all(b, ${hundred} == ${hundred}))` },
  {
    name: 'searches in long lists',
    text: `${hundred}.all(a, ${hundred}.all(b, !(-1 in ${hundred}) && !(-2 in ${hundred})))`,
  },
]) {
  test(`${c.name} end when the budget is spent`, () => {
    const expression = compileExpression(c.text, unchecked);
    const started = performance.now();
    const { code, message } = refusal(() => expression.evaluate({}));
    assert.equal(code, 'evaluate');
    assert.match(message, /operation cancelled: actual cost limit exceeded$/);
    assert.ok(performance.now() - started < 5000);
  });
}

test('a pattern takes time in proportion to the text', () => {
  const expression = compileExpression("x.matches('^(a+)+$')", { result: 'bool', check: false });
  assert.equal(expression.evaluate({ x: `${'a'.repeat(5000)}b` }), false);
});

for (const c of [
  { name: 'nested too deep', text: `${'('.repeat(300)}1${')'.repeat(300)}` },
  { name: 'a chain that is too long', text: `a${'.b'.repeat(300)}` },
  {
    name: 'chains in chains',
    text: Array.from({ length: 200 }).reduce<string>((inner) => `(${inner}${'+1'.repeat(200)})`, '1'),
  },
  { name: 'macros that double', text: `x${'.optMap(a, a)'.repeat(40)}` },
  { name: 'unending text', text: `'${'x'.repeat(100_001)}'` },
]) {
  test(`compileExpression refuses ${c.name}`, () => {
    assert.equal(refusal(() => compileExpression(c.text, unchecked)).code, 'parse');
  });
}

test('what is as deep as allowed compiles and runs', () => {
  const deep = `${'['.repeat(240)}1${']'.repeat(240)}`;
  assert.equal(compileExpression(`size(${deep}) == 1`, { ...unchecked, result: 'bool' }).evaluate({}), true);
  const sum = Array.from({ length: 200 }, () => '1').join(' + ');
  assert.equal(compileExpression(sum, whole).evaluate({ self: {}, dep: {} }), 200);
  const many = Array.from({ length: 5000 }, () => 'true').join(' && ');
  assert.equal(compileExpression(many, { ...whole, result: 'bool' }).evaluate({ self: {}, dep: {} }), true);
});
