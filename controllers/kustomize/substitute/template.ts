/** A piece of a parsed template. */
export type Node = string | Expansion;

/** `${name operator arguments}`. */
export interface Expansion {
  readonly name: string;
  readonly operator: Operator;
  /** Each argument is itself a piece; a default value may have several, which are joined. */
  readonly args: readonly Node[];
}

/** As written; `length` stands for the `#` before the name, the empty one for a bare `${name}`. */
export type Operator =
  | ''
  | 'length'
  | '^'
  | '^^'
  | ','
  | ',,'
  | ':'
  | '#'
  | '##'
  | '%'
  | '%%'
  | '/'
  | '//'
  | '/#'
  | '/%'
  | '='
  | ':='
  | ':-'
  | ':?'
  | ':+';

/** The template cannot be read; the message is one of envsubst's five. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const badSubstitution = 'bad substitution';
const unparsableArgument = 'unable to parse substitution within function';

/** Deeper than any template a person writes, shallow enough for the stack. */
const maxDepth = 100;

const letterOrUnderscore = /[\p{L}_]/u;
const wordCharacters = /[\p{L}\p{Nd}_]+/uy;

/**
 * Reads the expansions of a text as drone/envsubst does, its liberties included: `$$` is a dollar sign, `$name` is text, a NUL
 * ends the text, `${v-d}` is refused though `${v:-d}` is not.
 * @throws TemplateError
 */
export function parseTemplate(text: string): readonly Node[] {
  const end = text.indexOf('\0');
  const reader = new Reader(end === -1 ? text : text.slice(0, end));
  const nodes: Node[] = [];
  while (!reader.atEnd()) {
    if (reader.take('${')) nodes.push(readExpansion(reader, 1));
    else nodes.push(reader.literal(() => true, dollarEscapes));
  }
  return nodes;
}

type EscapeAt = (text: string, at: number) => boolean;

/** `$$` anywhere. */
const dollarEscapes: EscapeAt = (text, at) => text.startsWith('$$', at);
/** Within the pattern and the replacement of `/`: also `\/` and `\\`. */
const allEscapes: EscapeAt = (text, at) =>
  dollarEscapes(text, at) || text.startsWith('\\/', at) || text.startsWith('\\\\', at);
const noEscapes: EscapeAt = () => false;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#text.charAt(this.#at);
  }

  startsWith(prefix: string): boolean {
    return this.#text.startsWith(prefix, this.#at);
  }

  /** Steps over `prefix` where it comes next. */
  take(prefix: string): boolean {
    if (!this.startsWith(prefix)) return false;
    this.#at += prefix.length;
    return true;
  }

  /** The longest of `candidates` (given longest first) that comes next. */
  takeOne<T extends string>(candidates: readonly T[]): T | undefined {
    return candidates.find((candidate) => this.take(candidate));
  }

  /** The letters, digits and underscores that come next. */
  word(): string {
    wordCharacters.lastIndex = this.#at;
    const word = wordCharacters.exec(this.#text)?.[0] ?? '';
    this.#at += word.length;
    return word;
  }

  /** Everything up to an expansion or to a character that `accepts` refuses; an escape stands for its second character. */
  literal(accepts: (character: string) => boolean, isEscape: EscapeAt): string {
    const text = this.#text;
    let result = '';
    let from = this.#at;
    let at = from;
    while (at < text.length) {
      if (isEscape(text, at)) {
        result += text.slice(from, at);
        from = at + 1;
        at += 2;
        continue;
      }
      if (text.startsWith('${', at) || !accepts(text.charAt(at))) break;
      at++;
    }
    this.#at = at;
    return result + text.slice(from, at);
  }
}

/** Reads on behind `${`, the closing brace included. */
function readExpansion(reader: Reader, depth: number): Expansion {
  if (depth > maxDepth) throw new TemplateError(`${badSubstitution}: nested deeper than ${maxDepth}`);
  if (reader.take('#')) return readLength(reader);
  if (!letterOrUnderscore.test(reader.next)) throw new TemplateError('unable to parse variable name');
  const name = reader.word();
  switch (reader.next) {
    case ':':
    case '=':
      return readColon(reader, name, depth);
    case ',':
    case '^':
      return readCasing(reader, name);
    case '/':
      return readReplace(reader, name, depth);
    case '#':
    case '%':
      return readTrim(reader, name, depth);
    case '}':
      closeBrace(reader);
      return { name, operator: '', args: [] };
    default:
      throw new TemplateError('missing closing brace');
  }
}

function closeBrace(reader: Reader): void {
  if (!reader.take('}')) throw new TemplateError(badSubstitution);
}

function readLength(reader: Reader): Expansion {
  const name = reader.word();
  if (name === '') throw new TemplateError(badSubstitution);
  closeBrace(reader);
  return { name, operator: 'length', args: [] };
}

function readCasing(reader: Reader, name: string): Expansion {
  const operator = reader.takeOne(['^^', ',,', '^,', ',^', '^', ','] as const);
  closeBrace(reader);
  // envsubst takes the mixed pairs for an operator without effect.
  if (operator === undefined || operator === '^,' || operator === ',^') return { name, operator: '', args: [] };
  return { name, operator, args: [] };
}

const notClosing = (character: string): boolean => character !== '}';
const notSlash = (character: string): boolean => character !== '/';
const notColonOrClosing = (character: string): boolean => character !== ':' && character !== '}';

/** One argument: an expansion, or text that is not empty. */
function readArgument(
  reader: Reader,
  depth: number,
  accepts: (character: string) => boolean,
  escapes: EscapeAt = noEscapes,
): Node {
  if (reader.take('${')) return readExpansion(reader, depth + 1);
  const text = reader.literal(accepts, escapes);
  if (text === '') throw new TemplateError(unparsableArgument);
  return text;
}

function readColon(reader: Reader, name: string, depth: number): Expansion {
  const operator = reader.takeOne([':=', ':-', ':?', ':+', '=', ':'] as const) ?? '=';
  if (operator === ':') return readSubstring(reader, name, depth);
  const args: Node[] = [];
  while (!reader.take('}')) args.push(readArgument(reader, depth, notClosing));
  return { name, operator, args };
}

function readSubstring(reader: Reader, name: string, depth: number): Expansion {
  const offset = readArgument(reader, depth, notColonOrClosing);
  if (reader.take('}')) return { name, operator: ':', args: [offset] };
  takeDelimiters(reader, ':');
  const length = readArgument(reader, depth, notClosing);
  closeBrace(reader);
  return { name, operator: ':', args: [offset, length] };
}

function readTrim(reader: Reader, name: string, depth: number): Expansion {
  const operator = reader.takeOne(['##', '%%', '#', '%'] as const) ?? '#';
  const pattern = readArgument(reader, depth, notClosing);
  closeBrace(reader);
  return { name, operator, args: [pattern] };
}

function readReplace(reader: Reader, name: string, depth: number): Expansion {
  const operator = reader.takeOne(['//', '/#', '/%', '/'] as const) ?? '/';
  const pattern = reader.next === '/' ? '' : readArgument(reader, depth, notSlash, allEscapes);
  takeDelimiters(reader, '/');
  if (reader.take('}')) return { name, operator, args: [pattern] };
  const replacement = readArgument(reader, depth, notClosing, allEscapes);
  closeBrace(reader);
  return { name, operator, args: [pattern, replacement] };
}

/** One delimiter or a run of them: envsubst takes `::` for `:`. */
function takeDelimiters(reader: Reader, delimiter: ':' | '/'): void {
  if (!reader.take(delimiter)) throw new TemplateError(badSubstitution);
  while (reader.take(delimiter));
}
