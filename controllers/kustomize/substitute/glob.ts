type Token =
  | { readonly kind: 'anyText' }
  | { readonly kind: 'anyCharacter' }
  | { readonly kind: 'literal'; readonly character: string }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] };

/** A shell pattern that always covers a whole text. */
export interface Glob {
  readonly tokens: readonly Token[];
}

/**
 * `*` (any text, slashes too), `?`, `[a-z]`, `[^a-z]` and `\` before a literal.
 * @returns undefined when the pattern is malformed
 */
export function parseGlob(pattern: string): Glob | undefined {
  const characters = [...pattern];
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') {
      if (tokens.at(-1)?.kind !== 'anyText') tokens.push({ kind: 'anyText' });
    } else if (character === '?') {
      tokens.push({ kind: 'anyCharacter' });
    } else if (character === '[') {
      const found = readClass(characters, at + 1);
      if (found === undefined) return undefined;
      tokens.push(found.token);
      at = found.end;
    } else {
      if (character === '\\') at++;
      const literal = characters[at];
      if (literal === undefined) return undefined;
      tokens.push({ kind: 'literal', character: literal });
    }
  }
  return { tokens };
}

/** Reads on behind `[`; `end` is where the closing bracket is. */
function readClass(characters: readonly string[], start: number): { token: Token; end: number } | undefined {
  let at = start;
  const negated = characters[at] === '^';
  if (negated) at++;
  const ranges: [number, number][] = [];
  const readOne = (): number | undefined => {
    if (characters[at] === '\\') at++;
    return characters[at++]?.codePointAt(0);
  };
  while (characters[at] !== ']' || ranges.length === 0) {
    if (characters[at] === ']' || characters[at] === '-') return undefined;
    const low = readOne();
    if (low === undefined) return undefined;
    let high: number | undefined = low;
    if (characters[at] === '-') {
      at++;
      if (characters[at] === ']') return undefined;
      high = readOne();
    }
    if (high === undefined || characters[at] === undefined) return undefined;
    ranges.push([low, high]);
  }
  return { token: { kind: 'class', negated, ranges }, end: at };
}

function matchesOne(token: Token, character: string): boolean {
  switch (token.kind) {
    case 'anyText':
    case 'anyCharacter':
      return true;
    case 'literal':
      return token.character === character;
    case 'class': {
      const code = character.codePointAt(0) ?? -1;
      return token.ranges.some(([low, high]) => low <= code && code <= high) !== token.negated;
    }
  }
}

/**
 * How many of the first characters the glob covers: the fewest or the most, at least one; undefined when it covers none.
 * Takes time in proportion to characters × tokens, whatever the pattern.
 */
export function matchPrefix(
  glob: Glob,
  characters: readonly string[],
  extent: 'shortest' | 'longest',
): number | undefined {
  const { tokens } = glob;
  let states: boolean[] = closure(Array.from({ length: tokens.length + 1 }, () => false).with(0, true), tokens);
  let best: number | undefined;
  for (let length = 1; length <= characters.length; length++) {
    const character = characters[length - 1] ?? '';
    const next = Array.from({ length: tokens.length + 1 }, () => false);
    let alive = false;
    for (const [at, token] of tokens.entries()) {
      if (states[at] !== true || !matchesOne(token, character)) continue;
      next[token.kind === 'anyText' ? at : at + 1] = true;
      alive = true;
    }
    if (!alive) break;
    states = closure(next, tokens);
    if (states[tokens.length] !== true) continue;
    if (extent === 'shortest') return length;
    best = length;
  }
  return best;
}

/** `*` may also cover nothing. */
function closure(states: boolean[], tokens: readonly Token[]): boolean[] {
  for (const [at, token] of tokens.entries()) {
    if (states[at] === true && token.kind === 'anyText') states[at + 1] = true;
  }
  return states;
}

export function reversed(glob: Glob): Glob {
  return { tokens: glob.tokens.toReversed() };
}
