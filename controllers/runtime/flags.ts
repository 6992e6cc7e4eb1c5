import { parseGoDuration } from '#crds';

/**
 * One flag of a table: plain data, so that a table is `as const` and `Options` is inferred from it.
 * Durations are written as Go writes them (`35s`) and arrive in milliseconds.
 */
export interface FlagSpec {
  /** `strings` may be repeated, and each value may hold several, separated by commas. */
  readonly type: 'string' | 'boolean' | 'integer' | 'duration' | 'strings';
  readonly default: string | boolean | number | readonly string[];
  readonly help: string;
  /** Environment variable that gives the default. */
  readonly env?: string;
  /** Accepted for compatibility; the program says so in its log when it is given. */
  readonly noEffectYet?: boolean;
}

export type FlagTable = Readonly<Record<string, FlagSpec>>;

type OptionValue<S extends FlagSpec> = S['type'] extends 'boolean'
  ? boolean
  : S['type'] extends 'integer' | 'duration'
    ? number
    : S['type'] extends 'strings'
      ? readonly string[]
      : string;

/** What the flags of a table are read into. */
export type Options<T extends FlagTable> = { readonly [K in keyof T]: OptionValue<T[K]> };

type Value = string | boolean | number | readonly string[];

/** A flag that cannot be read; the text names the flag. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

function parseInteger(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) throw new FlagError(`"${text}" is not an integer`);
  return Number(text);
}

function parseBoolean(text: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new FlagError(`"${text}" is not a boolean`);
}

function parseValue(spec: FlagSpec, text: string): Value {
  switch (spec.type) {
    case 'string':
      return text;
    case 'boolean':
      return parseBoolean(text);
    case 'integer':
      return parseInteger(text);
    case 'duration':
      return parseGoDuration(text);
    case 'strings':
      return text.split(',').filter((item) => item !== '');
  }
}

function defaultValue(spec: FlagSpec): Value {
  return spec.type === 'duration' ? parseGoDuration(String(spec.default)) : spec.default;
}

export interface ParsedFlags<T extends FlagTable> {
  readonly options: Options<T>;
  /** Flags that were given on the command line but do nothing yet. */
  readonly withoutEffect: readonly string[];
  readonly help: boolean;
}

interface Given {
  readonly name: string;
  readonly value: string;
}

/** Splits the command line as Go's pflag does: `--name=value`, `--name value`, `--switch`. */
function splitArguments(table: FlagTable, argv: readonly string[]): readonly Given[] {
  const given: Given[] = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? '';
    const match = /^--?([A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(arg);
    if (match === null) throw new FlagError(`unexpected argument "${arg}"`);
    const name = match[1] ?? '';
    if (name === 'help' || name === 'h') {
      given.push({ name: 'help', value: 'true' });
      continue;
    }
    const spec = table[name];
    if (spec === undefined) throw new FlagError(`unknown flag: --${name}`);
    if (match[2] !== undefined) given.push({ name, value: match[2] });
    else if (spec.type === 'boolean') given.push({ name, value: 'true' });
    else {
      const value = argv[++i];
      if (value === undefined) throw new FlagError(`flag needs an argument: --${name}`);
      given.push({ name, value });
    }
  }
  return given;
}

/**
 * Reads a command line against its table.
 * @throws FlagError naming the flag: unknown, without its value, or with a value of another type
 */
export function parseFlags<T extends FlagTable>(
  table: T,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedFlags<T> {
  const values: Record<string, Value> = {};
  const read = (name: string, value: string, origin: string): void => {
    const spec = table[name];
    if (spec === undefined) return;
    try {
      const parsed = parseValue(spec, value);
      const before = values[name];
      values[name] = Array.isArray(parsed) && Array.isArray(before) ? [...before, ...parsed] : parsed;
    } catch (error) {
      throw new FlagError(
        `invalid argument "${value}" for ${origin}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  for (const [name, spec] of Object.entries(table)) {
    values[name] = defaultValue(spec);
    const fromEnv = spec.env === undefined ? undefined : env[spec.env];
    if (fromEnv !== undefined && fromEnv !== '') read(name, fromEnv, `environment variable ${spec.env}`);
  }
  const given = splitArguments(table, argv);
  for (const { name, value } of given) read(name, value, `"--${name}" flag`);
  return {
    options: Object.freeze(values) as Options<T>, // every name of the table has its default or a parsed value of its type
    withoutEffect: [...new Set(given.map(({ name }) => name))].filter((name) => table[name]?.noEffectYet === true),
    help: given.some(({ name }) => name === 'help'),
  };
}

/** The text of `--help`. */
export function flagHelp(program: string, table: FlagTable): string {
  const lines = Object.entries(table)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => {
      const later = spec.noEffectYet === true ? ' (accepted; no effect yet)' : '';
      return `  --${name} ${spec.type}\n        ${spec.help}${later} (default ${JSON.stringify(spec.default)})`;
    });
  return `Usage of ${program}:\n${lines.join('\n')}\n`;
}

export interface FeatureGate {
  readonly default: boolean;
  readonly help: string;
  readonly noEffectYet?: boolean;
}

/**
 * `A=true,B=false` against the known gates.
 * @throws FlagError for a gate that does not exist or a value that is no boolean
 */
export function parseFeatureGates<G extends Readonly<Record<string, FeatureGate>>>(
  known: G,
  text: string,
): { readonly [K in keyof G]: boolean } {
  const gates: Record<string, boolean> = Object.fromEntries(
    Object.entries(known).map(([name, gate]) => [name, gate.default]),
  );
  for (const part of text.split(',').filter((item) => item.trim() !== '')) {
    const [name = '', value = ''] = part.split('=').map((item) => item.trim());
    if (!(name in known)) {
      throw new FlagError(
        `unrecognized feature gate: ${name}, expected one of ${Object.keys(known).toSorted().join(', ')}`,
      );
    }
    gates[name] = parseBoolean(value);
  }
  return gates as { readonly [K in keyof G]: boolean }; // started from every known gate
}
