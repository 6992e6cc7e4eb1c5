import { matchPrefix, parseGlob, reversed } from './glob.ts';
import { type Operator, TemplateError } from './template.ts';

/** Characters × pattern tokens a trim may look at: about a second of work. */
const maxMatchSteps = 50_000_000;

/** UTF-16 units of one result; far above what an object in the cluster may weigh. */
export const maxResultLength: number = 16 * 1024 * 1024;

/**
 * What an operator makes of a value; the arguments are already expanded.
 * @throws TemplateError when the result would be larger than anything the API server takes
 * @see fluxcd/pkg envsubst/funcs.go, whose results these are
 */
export function applyOperator(operator: Operator, value: string, args: readonly string[]): string {
  const [first, second] = args;
  switch (operator) {
    case '':
      return value;
    case 'length':
      return String(Buffer.byteLength(value));
    case '^':
      return mapFirst(value, upper);
    case '^^':
      return mapCharacters(value, upper);
    case ',':
      return mapFirst(value, lower);
    case ',,':
      return mapCharacters(value, lower);
    case ':':
      return substring(value, first, second);
    case '#':
      return trimPrefix(value, first, 'shortest');
    case '##':
      return trimPrefix(value, first, 'longest');
    case '%':
      return trimSuffix(value, first, 'shortest');
    case '%%':
      return trimSuffix(value, first, 'longest');
    case '/':
      return replaceFirst(value, first ?? '', second ?? '');
    case '//':
      return replaceAll(value, first ?? '', second ?? '');
    case '/#': // without a replacement envsubst leaves the value as it is
      return first === undefined || second === undefined || !value.startsWith(first)
        ? value
        : second + value.slice(first.length);
    case '/%':
      return first === undefined || second === undefined || !value.endsWith(first)
        ? value
        : value.slice(0, value.length - first.length) + second;
    case '=':
    case ':=':
    case ':-':
    case ':?':
    case ':+': // all five alike: the default when unset or empty
      return value === '' ? args.join('') : value;
  }
}

/** Whether the operator has an answer for a variable that is not set. */
export function toleratesUnset(operator: Operator): boolean {
  return operator === '=' || operator === ':=' || operator === ':-' || operator === ':?' || operator === ':+';
}

// Go maps one character to one character, JavaScript may make it several (ß to SS); those stay as they are.
function upper(character: string): string {
  const mapped = character.toUpperCase();
  return [...mapped].length === 1 ? mapped : character;
}

function lower(character: string): string {
  const mapped = character.toLowerCase();
  return [...mapped].length === 1 ? mapped : character === 'İ' ? 'i' : character;
}

function mapCharacters(value: string, map: (character: string) => string): string {
  return [...value].map(map).join('');
}

function mapFirst(value: string, map: (character: string) => string): string {
  const [first = ''] = value;
  return map(first) + value.slice(first.length);
}

/** As Go's `strconv.Atoi`; undefined where that fails. */
function parseInteger(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?[0-9]{1,18}$/.test(text) ? Number(text) : undefined;
}

/** In bytes; what is no number leaves the value whole, as in bash. */
function substring(value: string, offset: string | undefined, length: string | undefined): string {
  const bytes = Buffer.from(value);
  let start = parseInteger(offset);
  if (start === undefined) return value;
  if (start < 0) start = Math.max(0, bytes.length + start);
  if (length === undefined) return bytes.toString('utf8', start);
  const count = parseInteger(length);
  if (count === undefined) return value;
  const end = count < 0 ? bytes.length + count : start + count;
  return end < start ? '' : bytes.toString('utf8', start, Math.min(end, bytes.length));
}

function trimPrefix(value: string, pattern: string | undefined, extent: 'shortest' | 'longest'): string {
  const characters = [...value];
  const covered = coveredBy(pattern, characters, extent, (glob) => glob);
  return covered === undefined ? value : characters.slice(covered).join('');
}

function trimSuffix(value: string, pattern: string | undefined, extent: 'shortest' | 'longest'): string {
  const characters = [...value].toReversed();
  const covered = coveredBy(pattern, characters, extent, reversed);
  return covered === undefined ? value : characters.slice(covered).toReversed().join('');
}

function coveredBy(
  pattern: string | undefined,
  characters: readonly string[],
  extent: 'shortest' | 'longest',
  orient: typeof reversed,
): number | undefined {
  const glob = pattern === undefined ? undefined : parseGlob(pattern);
  if (glob === undefined) return undefined;
  if (glob.tokens.length * characters.length > maxMatchSteps) {
    throw new TemplateError('bad substitution: value and pattern are too long to be matched');
  }
  return matchPrefix(orient(glob), characters, extent);
}

function replaceFirst(value: string, pattern: string, replacement: string): string {
  const at = value.indexOf(pattern);
  return at === -1 ? value : value.slice(0, at) + replacement + value.slice(at + pattern.length);
}

function replaceAll(value: string, pattern: string, replacement: string): string {
  // Go puts the replacement around every character when there is no pattern.
  const pieces = pattern === '' ? ['', ...value, ''] : value.split(pattern);
  const length = value.length + (pieces.length - 1) * (replacement.length - pattern.length);
  if (length > maxResultLength)
    throw new TemplateError(`bad substitution: result exceeds ${maxResultLength} characters`);
  return pieces.join(replacement);
}
