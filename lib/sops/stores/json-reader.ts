import { SopsError } from '../error.ts';
import { Branch, type Entry, List, maxDepth, type Scalar, type Value } from '../tree.ts';

/**
 * Reads a JSON object with the order of its keys and the size of its numbers kept, which JSON.parse loses.
 * @throws SopsError 'malformed', with the offset of the problem
 */
export function readJson(text: string): Branch {
  const reader = new JsonReader(text);
  const value = reader.value(0);
  if (!(value instanceof Branch)) throw reader.failed('the document is no object');
  // Like Go's decoder, what follows the object is not looked at.
  return value;
}

const tokenPattern =
  /[ \t\r\n]*(?:([{}[\]:,])|("(?:[^"\\\u0000-\u001f]|\\.)*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)|(true|false|null))/y;

const words: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

const maxInt64 = 2n ** 63n - 1n;

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  failed(problem: string): SopsError {
    return new SopsError('malformed', `${problem} (at offset ${this.#at})`);
  }

  value(depth: number, token: RegExpExecArray = this.#token()): Value {
    const [, punctuation, text, number, word] = token;
    if (text !== undefined) return this.#string(text);
    if (number !== undefined) return numberOf(number);
    if (word !== undefined) return words.get(word) ?? null;
    if (depth >= maxDepth) throw this.failed('it is nested too deeply');
    if (punctuation === '{') return this.#object(depth + 1);
    if (punctuation === '[') return this.#list(depth + 1);
    throw this.failed('it is no JSON: expected a value');
  }

  #token(): RegExpExecArray {
    tokenPattern.lastIndex = this.#at;
    const token = tokenPattern.exec(this.#text);
    if (token === null) throw this.failed('it is no JSON');
    this.#at = tokenPattern.lastIndex;
    return token;
  }

  #string(quoted: string): string {
    try {
      const text: unknown = JSON.parse(quoted);
      if (typeof text === 'string') return text.isWellFormed() ? text : text.toWellFormed();
    } catch {
      // Said below: the parser's own words quote the text, which may be a secret.
    }
    throw this.failed('it is no JSON: a string has an unknown escape');
  }

  #object(depth: number): Branch {
    const items: Entry[] = [];
    for (let token = this.#token(); token[1] !== '}'; token = this.#token()) {
      if (items.length > 0) {
        if (token[1] !== ',') throw this.failed('it is no JSON: expected "," or "}"');
        token = this.#token();
      }
      if (token[2] === undefined) throw this.failed('it is no JSON: expected a key');
      const key = this.#string(token[2]);
      if (this.#token()[1] !== ':') throw this.failed('it is no JSON: expected ":"');
      items.push({ key, value: this.value(depth) });
    }
    return new Branch(items);
  }

  #list(depth: number): List {
    const items: Value[] = [];
    for (let token = this.#token(); token[1] !== ']'; token = this.#token()) {
      if (items.length > 0) {
        if (token[1] !== ',') throw this.failed('it is no JSON: expected "," or "]"');
        token = this.#token();
      }
      items.push(this.value(depth, token));
    }
    return new List(items);
  }
}

function numberOf(text: string): bigint | number {
  if (/^-?[0-9]{1,19}$/.test(text)) {
    const value = BigInt(text);
    // SOPS has minus zero as an integer, and so without its sign.
    if (value <= maxInt64 && value >= -maxInt64 - 1n) return value;
  }
  return Number(text);
}
