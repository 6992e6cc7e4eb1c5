import { spawn } from 'node:child_process';
import { Budget } from '../../lib/cel/budget.ts';
import { CelError, printProblems } from '../../lib/cel/error.ts';
import { goDouble } from '../../lib/cel/functions/go-number.ts';
import { timestampText } from '../../lib/cel/functions/time.ts';
import { plan } from '../../lib/cel/plan.ts';
import { parse } from '../../lib/cel/syntax/parser.ts';
import { SyntaxProblem } from '../../lib/cel/syntax/problem.ts';
import { check } from '../../lib/cel/types/checker.ts';
import { dyn, int, list, map, string, type Type, typeText } from '../../lib/cel/types/type.ts';
import {
  CelDuration,
  CelList,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelType,
  CelUint,
  fromJson,
  type Value,
} from '../../lib/cel/value.ts';

/** An expression, with or without the type check. */
export interface Question {
  readonly expression: string;
  readonly check: boolean;
}

/** The step that refused the expression or `done`; `program` is what cel-go finds in constants. */
export interface Answer {
  readonly phase: string;
  readonly message?: string;
  readonly type?: string;
  readonly value?: unknown;
}

const types: Readonly<Record<string, Type>> = { dyn, int, string, map: map(string, dyn), list: list(dyn) };

const variables: Readonly<Record<string, string>> = {
  x: 'dyn',
  s: 'string',
  m: 'map',
  i: 'int',
  l: 'list',
  self: 'map',
  dep: 'map',
  metadata: 'map',
  spec: 'map',
  status: 'map',
};

const object = {
  metadata: {
    name: 'web',
    generation: 3,
    labels: { 'app.kubernetes.io/name': 'web' },
    annotations: { x1: 'a', y: 'b' },
  },
  spec: { replicas: 4 },
  status: {
    phase: 'Up',
    replicas: 4,
    ratio: 0.75,
    observedGeneration: 3,
    conditions: [
      { type: 'Ready', status: 'True', observedGeneration: 3, lastTransitionTime: '2026-11-21T02:27:31Z' },
      { type: 'Synced', status: 'False', observedGeneration: 2, lastTransitionTime: '2026-11-21T02:27:31Z' },
    ],
  },
};

const values: Readonly<Record<string, unknown>> = {
  x: { y: 1, n: null, l: [1, 2], f: 1.5 },
  s: 'str',
  m: { a: { b: 'c' } },
  i: 5,
  l: [1, 'a'],
  self: object,
  dep: { ...object, metadata: { ...object.metadata, name: 'db' } },
  ...object,
};

/** What cel-go says, in the environment that Flux gives it. */
export async function theirs(binary: string, questions: readonly Question[]): Promise<readonly Answer[]> {
  const oracle = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  oracle.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<void>((resolve, reject) => {
    oracle.on('error', reject);
    oracle.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`cel-oracle ended with ${code}`))));
  });
  oracle.stdin.end(questions.map((question) => `${JSON.stringify({ ...question, variables, values })}\n`).join(''));
  await ended;
  const answers = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer); // as main.go writes it
  if (answers.length !== questions.length)
    throw new Error(`${answers.length} answers to ${questions.length} questions`);
  return answers;
}

/** What we say, step by step as cel-go takes them. */
export function ours({ expression, check: checks }: Question): Answer {
  let type = '';
  try {
    const node = parse(expression);
    if (checks) {
      const declared = new Map(Object.entries(variables).map(([name, key]) => [name, types[key] ?? dyn]));
      const checked = check(node, declared);
      if (checked.problems.length > 0) return { phase: 'check', message: printProblems(expression, checked.problems) };
      type = typeText(checked.type);
    }
    const run = plan(node);
    const budget = new Budget(1_000_000);
    const variable = (name: string): Value | undefined =>
      Object.hasOwn(values, name) ? fromJson(values[name], 'integersAreInt') : undefined;
    return { phase: 'done', type, value: canonical(run({ variable, slots: [], budget })) };
  } catch (error) {
    if (error instanceof SyntaxProblem) return { phase: 'parse', message: printProblems(expression, [error]) };
    if (!(error instanceof CelError)) throw new Error(`a bug in: ${expression}`, { cause: error });
    return { phase: error.code === 'check' ? 'program' : 'evaluate', type, message: error.message };
  }
}

function canonical(value: Value): unknown {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return { int: String(value) };
  if (typeof value === 'number') return { double: goDouble(value) };
  if (typeof value === 'string') return { string: value };
  if (value === null) return { null: true };
  if (value instanceof CelUint) return { uint: String(value.value) };
  if (value instanceof CelList) return { list: value.items.map(canonical) };
  if (value instanceof CelMap) return { map: entries(value) };
  if (value instanceof CelTimestamp) return { timestamp: timestampText(new CelTimestamp(value.ns)) };
  if (value instanceof CelDuration) return { duration: String(value.ns) };
  if (value instanceof CelType) return { type: value.name };
  if (value instanceof CelOptional) return { optional: value.value === undefined ? [] : [canonical(value.value)] };
  return { bytes: Buffer.from(value).toString('base64') };
}

function entries({ content }: CelMap): readonly unknown[] {
  const found = [...content.keys()].map((key) => [canonical(key), canonical(content.get(key) ?? null)]);
  const text = (entry: readonly unknown[]): string => JSON.stringify(entry[0]);
  return found.toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** Texts that people grep for, or that Flux shows; others may differ in words. */
const exactTexts =
  /^(no such key|no such attribute|index out of bounds|division by zero|integer overflow|type conversion error|ERROR: <input>:\d+:\d+: (undeclared|found no matching overload|expected type))/;

/** Loops over a map go in any order in Go. */
function unordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('list' in value) || !Array.isArray(value.list)) return value;
  const items = value.list.map((item: unknown) => JSON.stringify(unordered(item)));
  return { list: items.toSorted() };
}

/** Some texts of cel-go show its numbers of types that are not known yet. */
function withoutVariables(message: string | undefined): string | undefined {
  return message?.replaceAll(/_var\d+/g, 'dyn');
}

/** How the answers differ; undefined when they do not. */
export function difference(their: Answer, our: Answer): string | undefined {
  if (their.phase === 'panic' || their.message?.startsWith('internal error: ') === true) return undefined; // a bug of cel-go's has nothing to say
  const same =
    their.phase === our.phase &&
    (their.type ?? '') === (our.type ?? '') &&
    JSON.stringify(unordered(their.value)) === JSON.stringify(unordered(our.value)) &&
    (withoutVariables(their.message) === withoutVariables(our.message) || !exactTexts.test(their.message ?? ''));
  return same ? undefined : `cel-go: ${JSON.stringify(their)}, here: ${JSON.stringify(our)}`;
}
