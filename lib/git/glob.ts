/** A part of a glob that consumes one character, or any number of them. */
type Token =
  | '*'
  | '?'
  | { readonly literal: string }
  | { readonly not: boolean; readonly ranges: readonly (readonly [string, string])[] };

const never = (): boolean => false;

/**
 * A matcher for one name, with the syntax of Go's `filepath.Match`: `*`, `?`, `[a-z]`, `[^a-z]`, `\x`. A glob that does not parse
 * matches nothing. Time is at most length of the glob × length of the name, whatever the glob is.
 */
export function compileGlob(glob: string): (name: string) => boolean {
  if (!/[*?[\\]/.test(glob)) return (name) => name === glob;
  const suffix = /^\*([^*?[\\]*)$/.exec(glob)?.[1];
  if (suffix !== undefined) return (name) => name.endsWith(suffix);
  const tokens = tokenize(glob);
  return tokens === undefined ? never : (name) => matchTokens(tokens, [...name]);
}

function tokenize(glob: string): readonly Token[] | undefined {
  const chars = [...glob];
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*');
    } else if (char === '?') tokens.push('?');
    else if (char === '\\') {
      const literal = chars[++at];
      if (literal === undefined) return undefined;
      tokens.push({ literal });
    } else if (char === '[') {
      const parsed = parseClass(chars, at + 1);
      if (parsed === undefined) return undefined;
      tokens.push(parsed.token);
      at = parsed.end;
    } else tokens.push({ literal: char });
  }
  return tokens;
}

function parseClass(
  chars: readonly string[],
  start: number,
): { readonly token: Token; readonly end: number } | undefined {
  let at = start;
  const not = chars[at] === '^';
  if (not) at++;
  const ranges: [string, string][] = [];
  const next = (): string | undefined => {
    const char = chars[at++];
    if (char === '-' || char === ']') return undefined;
    return char === '\\' ? chars[at++] : char;
  };
  for (;;) {
    if (chars[at] === ']' && ranges.length > 0) return { token: { not, ranges }, end: at };
    const low = next();
    if (low === undefined) return undefined;
    let high = low;
    if (chars[at] === '-') {
      at++;
      const end = next();
      if (end === undefined) return undefined;
      high = end;
    }
    ranges.push([low, high]);
  }
}

/** Goes back to the last star only: what an earlier one could take, that one can. */
function matchTokens(tokens: readonly Token[], name: readonly string[]): boolean {
  let at = 0;
  let token = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current === '*') {
      star = token++;
      starAt = at;
    } else if (current !== undefined && matchesOne(current, name[at] ?? '')) {
      token++;
      at++;
    } else if (star !== -1) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token] === '*') token++;
  return token === tokens.length;
}

function matchesOne(token: Exclude<Token, '*'>, char: string): boolean {
  if (token === '?') return true;
  if ('literal' in token) return token.literal === char;
  const code = char.codePointAt(0) ?? 0;
  const inside = token.ranges.some(
    ([low, high]) => (low.codePointAt(0) ?? 0) <= code && code <= (high.codePointAt(0) ?? 0),
  );
  return inside !== token.not;
}
