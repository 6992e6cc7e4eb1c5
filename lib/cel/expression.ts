import { Budget } from './budget.ts';
import { CelError, printProblems } from './error.ts';
import type { Run } from './evaluation.ts';
import { plan } from './plan.ts';
import type { Node } from './syntax/ast.ts';
import { parse } from './syntax/parser.ts';
import { SyntaxProblem } from './syntax/problem.ts';
import { check } from './types/checker.ts';
import { bool, bytes, double, dyn, int, list, map, string, type Type, typeText, uint } from './types/type.ts';
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
} from './value.ts';
import { durationText, timestampText } from './functions/time.ts';

/** `map` is an object of which nothing is known but that it has names: what Flux declares for whole objects. */
export type VariableType = 'dyn' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'list' | 'map';

export type ResultType = 'bool' | 'string' | 'any';

export interface CompileOptions<R extends ResultType = ResultType> {
  /** With `check` the names that may be used; without it any name may be, and is looked up when it is evaluated. */
  readonly variables?: Readonly<Record<string, VariableType>>;
  /** What must come out. With `check` it is known before anything is evaluated. */
  readonly result: R;
  /** Finds errors of type without values; `dyn` is then no `bool`. */
  readonly check: boolean;
  /** Variables whose numbers are all doubles, as Go reads JSON of unknown form; of the others, whole numbers are ints. */
  readonly doubles?: readonly string[];
  /** Bound of one evaluation, about one per step of a loop (default 1,000,000, well under a second). */
  readonly maxCost?: number;
}

interface Results {
  readonly bool: boolean;
  readonly string: string;
  /** JSON; times and durations as text, integers as numbers where they fit. */
  readonly any: unknown;
}

export interface CompiledExpression<R extends ResultType = ResultType> {
  readonly text: string;
  /** The type in CEL's words; undefined without `check`. */
  readonly type: string | undefined;
  /**
   * @param variables JSON values by name
   * @throws CelError 'evaluate': `failed to evaluate the CEL expression '<text>': no such key: <key>`
   */
  evaluate(variables: Readonly<Record<string, unknown>>): Results[R];
}

const defaultCost = 1_000_000;

const declared: Readonly<Record<VariableType, Type>> = {
  dyn,
  bool,
  int,
  uint,
  double,
  string,
  bytes,
  list: list(dyn),
  map: map(string, dyn),
};

/**
 * Compiles an expression in the environment that Flux gives it: literals of one type, times in UTC, numbers of different
 * types compared by value, optional types, and the extensions strings, sets and encoders.
 * @throws CelError 'parse' | 'check'
 */
export function compileExpression<R extends ResultType>(
  text: string,
  options: CompileOptions<R>,
): CompiledExpression<R> {
  const node = parsed(text);
  const type = options.check ? checked(text, node, options) : undefined;
  const run = planned(node);
  const maxCost = options.maxCost ?? defaultCost;
  return {
    text,
    type,
    evaluate: (variables) =>
      converted(text, evaluateNode(text, run, variables, options.doubles ?? [], maxCost), options.result),
  };
}

function parsed(text: string): Node {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    throw refused('parse', text, printProblems(text, [error]), error);
  }
}

function checked(text: string, node: Node, { variables = {}, result }: CompileOptions): string {
  const types = new Map(Object.entries(variables).map(([name, type]) => [name, declared[type]]));
  const { type, problems } = check(node, types);
  if (problems.length > 0) throw refused('check', text, printProblems(text, problems));
  const found = typeText(type);
  if (result !== 'any' && found !== result)
    throw new CelError('check', `CEL expression output type mismatch: expected ${result}, got ${found}`);
  return found;
}

function planned(node: Node): Run {
  try {
    return plan(node);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    throw new CelError(error.code, `failed to create CEL program: ${error.message}`, { cause: error });
  }
}

function refused(code: 'parse' | 'check', text: string, why: string, cause?: unknown): CelError {
  return new CelError(code, `failed to parse the CEL expression '${text}': ${why}`, { cause });
}

function evaluateNode(
  text: string,
  run: Run,
  variables: Readonly<Record<string, unknown>>,
  doubles: readonly string[],
  maxCost: number,
): Value {
  const values = new Map<string, Value>();
  const variable = (name: string): Value | undefined => {
    if (!Object.hasOwn(variables, name) || variables[name] === undefined) return undefined;
    let value = values.get(name);
    const numbers = doubles.includes(name) ? 'allDouble' : 'integersAreInt';
    if (value === undefined) values.set(name, (value = fromJson(variables[name], numbers)));
    return value;
  };
  const budget = new Budget(maxCost);
  try {
    const value = run({ variable, slots: [], budget });
    budget.check();
    return value;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    throw new CelError('evaluate', `failed to evaluate the CEL expression '${text}': ${error.message}`, {
      cause: error,
    });
  }
}

function converted<R extends ResultType>(text: string, value: Value, result: R): Results[R];
function converted(text: string, value: Value, result: ResultType): unknown {
  if (result === 'any') return toJson(value);
  if (result === 'bool' ? typeof value === 'boolean' : typeof value === 'string') return value;
  const wanted = result === 'bool' ? 'boolean' : 'string';
  throw new CelError('evaluate', `failed to evaluate CEL expression as ${wanted}: '${text}'`);
}

/** What an expression came to, as JSON. */
function toJson(value: Value): unknown {
  if (typeof value === 'bigint') return BigInt(Number(value)) === value ? Number(value) : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof CelUint) return toJson(value.value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelType) return value.name;
  if (value instanceof CelList) return value.items.map(toJson);
  if (value instanceof CelOptional) return value.value === undefined ? null : toJson(value.value);
  if (!(value instanceof CelMap)) return Buffer.from(value).toString('base64');
  const { content } = value;
  return Object.fromEntries([...content.keys()].map((key) => [String(toJson(key)), toJson(content.get(key) ?? null)]));
}
