/**
 * lib/cel against cel-go in Flux's environment: a list of expressions and generated ones, with and without type check. What
 * is compared: which step refuses an expression, its type, its value, and the texts that Flux shows. `CEL_PARITY_SEED` and
 * `CEL_PARITY_COUNT` widen the search.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { toolPath } from '#tools';
import { difference, ours, type Question, theirs } from './cel-oracle.ts';
import { generated } from './cel-generator.ts';

const seed = Number(process.env['CEL_PARITY_SEED'] ?? 1);
const count = Number(process.env['CEL_PARITY_COUNT'] ?? 1500);
const listed = readFileSync(new URL('testdata/cel-expressions.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

/** Expressions on which we differ, with the reason. One that no longer differs fails the test. */
const known: ReadonlyMap<string, string> = new Map([
  ['google.protobuf.Int32Value{value: 1}', 'protobuf messages cannot be built: no object of Kubernetes needs one'],
  ['9223372036854775807 < 9223372036854775808.0', 'cel-go rounds before it compares; here the comparison is exact'],
  ["'%f'.format([1])", 'cel-go prints %!f(int64=000001)'],
  ["'a'.indexOf('a', 0, 1)", 'too many arguments are refused when the expression is compiled, by cel-go later'],
  ['{2: 1, 2u: 3}[2.0]', 'keys that are equal numbers are one key here'],
  ["double('0x1p-2')", 'hexadecimal doubles in text are not read'],
  ["double('1_000')", 'underscores in doubles in text are not read, which Go only does by accident'],
]);

/** Where cel-go goes wrong by itself; generated expressions of these shapes are passed over. */
const quirks: ReadonlyMap<RegExp, string> = new Map([
  [/has\(\(.*\).y\)\)*(\.|\[)/, 'what follows has(…) becomes part of its attribute without a type check'],
  [
    /\.or(Value)?\(/,
    'the static type of a dyn target that is no optional is that of the argument, and conversions fail over it',
  ],
]);

const binary = await toolPath('cel-oracle');

async function differences(expressions: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const questions = [...new Set(expressions)].flatMap((expression): Question[] =>
    [true, false].map((check) => ({ expression, check })),
  );
  const answers = await theirs(binary, questions);
  const found = new Map<string, string[]>();
  for (const [index, question] of questions.entries()) {
    const answer = answers[index];
    const text = answer === undefined ? 'no answer' : difference(answer, ours(question));
    if (text === undefined) continue;
    const mode = question.check ? 'checked' : 'unchecked';
    found.set(question.expression, [...(found.get(question.expression) ?? []), `${mode}: ${text}`]);
  }
  return found;
}

test('listed expressions mean what they mean to cel-go', async () => {
  const found = await differences([...listed, ...known.keys()]);
  const unknown = [...found].filter(([expression]) => !known.has(expression));
  assert.deepEqual(unknown.slice(0, 20), [], `${unknown.length} of ${listed.length} expressions differ`);
  const stale = [...known.keys()].filter((expression) => !found.has(expression));
  assert.deepEqual(stale, [], 'known differences that are none');
});

test(`${count} generated expressions mean what they mean to cel-go`, async () => {
  const found = [...(await differences(generated(seed, count)))].filter(
    ([expression]) => ![...quirks.keys()].some((shape) => shape.test(expression)),
  );
  assert.deepEqual(found.slice(0, 20), [], `${found.length} of ${count} expressions differ (seed ${seed})`);
});
