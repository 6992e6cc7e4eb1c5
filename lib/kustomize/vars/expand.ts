import type { ScalarNode } from '../yaml/index.ts';

/** What a `$(NAME)` stands for; undefined for a name that nobody defined. */
export type Mapping = (name: string) => ScalarNode | undefined;

/**
 * Replaces `$(NAME)` in a text. A text that is nothing but one reference becomes the value with its type; `$$` is an escaped
 * `$`; a name that is not defined stays as it is.
 */
export function expand(text: string, mapping: Mapping): string | ScalarNode {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0 || dollar + 1 >= text.length) break;
    out += text.slice(at, dollar);
    const next = text[dollar + 1] ?? '';
    const close = next === '(' ? text.indexOf(')', dollar + 2) : -1;
    if (close >= 0) {
      const name = text.slice(dollar + 2, close);
      const value = mapping(name);
      if (value !== undefined && dollar === 0 && close === text.length - 1) return value;
      out += value === undefined ? `$(${name})` : value.value;
      at = close + 1;
    } else {
      out += next === '$' ? '$' : `$${next}`;
      at = dollar + 2;
    }
  }
  return out + text.slice(at);
}
