import { Buffer } from 'node:buffer';
import { type Budget, textCost } from '../budget.ts';
import { failure } from '../error.ts';
import { CelDuration, CelList, CelMap, CelTimestamp, CelType, CelUint, typeName, type Value } from '../value.ts';
import { exponentDouble, fixedDouble, plainDouble } from './go-number.ts';
import { durationText, timestampText } from './time.ts';

const clause = /%(%|(?:\.(\d*))?([^]?))/gu;
const defaultPrecision = 6;
const maxPrecision = 100;

type Clause = (value: Value, precision: number, budget: Budget) => string | undefined;

interface ClauseRule {
  readonly print: Clause;
  /** The types that it prints; all but optionals when left out. */
  readonly types?: readonly string[];
  /** What is said of a value that cannot be printed so. */
  readonly takes: string;
}

/**
 * `"%s has %d".format(["a", 1])`.
 * @throws CelError when the list and the text do not fit
 */
export function formatText(text: string, args: readonly Value[], budget: Budget): string {
  let used = 0;
  let length = 0;
  const result = text.replace(clause, (_, whole: string, precision: string | undefined, letter: string) => {
    if (whole === '%') return '%';
    const rule = rules.get(letter);
    if (rule === undefined) throw failure(unknownClause(letter, precision));
    const value = args[used];
    if (value === undefined) throw failure(`index ${used} out of range`);
    used += 1;
    const printed = rule.print(
      value,
      precision === undefined ? defaultPrecision : Math.min(Number(precision), maxPrecision),
      budget,
    );
    if (printed === undefined) throw failure(`error during formatting: ${rule.takes}, was given ${typeName(value)}`);
    length += printed.length;
    budget.spend(textCost(length));
    return printed;
  });
  budget.spend(textCost(text.length));
  return result;
}

/**
 * What is wrong with a format whose arguments have these types, before there are values; `dyn` passes.
 * `argument` is the index of the one that does not fit.
 */
export function formatProblem(
  text: string,
  types: readonly string[],
): { readonly argument?: number; readonly message: string } | undefined {
  let used = 0;
  for (const [, whole, precision, letter = ''] of text.matchAll(clause)) {
    if (whole === '%') continue;
    const rule = rules.get(letter);
    if (rule === undefined) return { message: unknownClause(letter, precision) };
    const type = types[used];
    if (type === undefined) return { message: `index ${used} out of range` };
    if (type !== 'dyn' && (rule.types === undefined ? type === 'optional_type' : !rule.types.includes(type)))
      return { argument: used, message: `error during formatting: ${rule.takes}, was given ${type}` };
    used += 1;
  }
  if (used === types.length) return undefined;
  return { message: `too many arguments supplied to string.format (expected ${used}, got ${types.length})` };
}

const unfinished = 'error while parsing precision: could not find end of precision specifier';

function unknownClause(letter: string, precision: string | undefined): string {
  if (letter === '')
    return precision === undefined ? 'unexpected end of string' : `could not parse formatting clause: ${unfinished}`;
  return `could not parse formatting clause: unrecognized formatting clause "${letter}"`;
}

function special(value: number): string | undefined {
  if (Number.isFinite(value)) return undefined;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

const printAny: Clause = (value, precision, budget) => {
  budget.spend(1);
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return special(value) ?? plainDouble(value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelList) return printList(value, precision, budget);
  if (value instanceof CelMap) return printMap(value, precision, budget);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelType) return value.name;
  return value instanceof Uint8Array ? Buffer.from(value).toString() : undefined;
};

function printList({ items }: CelList, precision: number, budget: Budget): string | undefined {
  const printed = items.map((item) => printAny(item, precision, budget));
  return printed.includes(undefined) ? undefined : `[${printed.join(', ')}]`;
}

function printMap({ content }: CelMap, precision: number, budget: Budget): string | undefined {
  const entries = [...content.keys()].map((key): readonly [string | undefined, string | undefined] => {
    const value = content.get(key) ?? null;
    return [printAny(key, precision, budget), printAny(value, precision, budget)];
  });
  if (entries.some(([key, value]) => key === undefined || value === undefined)) return undefined;
  const sorted = entries.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, value]) => `${key}: ${value}`).join(', ')}}`;
}

function integer(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof CelUint ? value.value : undefined;
}

const printDecimal: Clause = (value) => {
  if (typeof value === 'number') return special(value) ?? plainDouble(value);
  return integer(value)?.toString();
};

function inDoubles(print: (value: number, precision: number) => string): Clause {
  return (value, precision) => {
    const number = typeof value === 'number' ? value : integer(value);
    return number === undefined ? undefined : (special(Number(number)) ?? print(Number(number), precision));
  };
}

const printBinary: Clause = (value) =>
  typeof value === 'boolean' ? String(Number(value)) : integer(value)?.toString(2);

const printHex: Clause = (value) => {
  if (typeof value === 'string' || value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return integer(value)?.toString(16);
};

const rules: ReadonlyMap<string, ClauseRule> = new Map<string, ClauseRule>([
  [
    's',
    {
      print: printAny,
      takes:
        'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    },
  ],
  [
    'd',
    {
      types: ['int', 'uint', 'double'],
      print: printDecimal,
      takes: 'decimal clause can only be used on ints, uints, and doubles',
    },
  ],
  [
    'f',
    {
      types: ['int', 'uint', 'double'],
      print: inDoubles(fixedDouble),
      takes: 'fixed-point clause can only be used on ints, uints, and doubles',
    },
  ],
  [
    'e',
    {
      types: ['int', 'uint', 'double'],
      print: inDoubles(exponentDouble),
      takes: 'scientific clause can only be used on ints, uints, and doubles',
    },
  ],
  [
    'b',
    {
      types: ['int', 'uint', 'bool'],
      print: printBinary,
      takes: 'only ints, uints, and bools can be formatted as binary',
    },
  ],
  [
    'x',
    {
      types: ['int', 'uint', 'bytes', 'string'],
      print: printHex,
      takes: 'only ints, uints, bytes, and strings can be formatted as hex',
    },
  ],
  [
    'X',
    {
      types: ['int', 'uint', 'bytes', 'string'],
      print: (...given) => printHex(...given)?.toUpperCase(),
      takes: 'only ints, uints, bytes, and strings can be formatted as hex',
    },
  ],
  [
    'o',
    {
      types: ['int', 'uint'],
      print: (value) => integer(value)?.toString(8),
      takes: 'octal clause can only be used on ints and uints',
    },
  ],
]);
