import { SopsError } from '../error.ts';
import { Branch, Comment, type Entry } from '../tree.ts';

class Section {
  readonly name: string;
  comment = '';
  readonly keys = new Map<string, { value: string; comment: string }>();
  /** Keys called `-` are numbered. */
  count = 0;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Reads an INI file as the library of SOPS does: `=` or `:` behind a key, `"""` and backquotes around values that span lines,
 * `#` and `;` begin comments wherever they stand, a backslash at the end of a line goes on in the next one.
 * A comment stands behind the key it belongs to, that of a section first in it.
 * @throws SopsError 'malformed', which names lines, not what they say
 */
export function readIni(text: string): Branch {
  return new IniReader(text).document();
}

class IniReader {
  readonly #lines: readonly string[];
  #next = 0;
  #comment = '';

  constructor(text: string) {
    this.#lines = text.replace(/^\ufeff/, '').split(/(?<=\n)/);
  }

  document(): Branch {
    const sections = [new Section('DEFAULT')];
    for (let section = sections[0]; section !== undefined && this.#next < this.#lines.length; ) {
      const line = (this.#lines[this.#next++] ?? '').trimStart();
      if (line === '') continue;
      if (line.startsWith('#') || line.startsWith(';')) this.#comment += line;
      else if (line.startsWith('[')) {
        section = this.#section(line);
        sections.push(section);
      } else this.#key(line, section);
    }
    return new Branch(sections.map((section) => ({ key: section.name, value: branchOf(section) })));
  }

  #failed(problem: string): SopsError {
    return new SopsError('malformed', `line ${this.#next}: ${problem}`);
  }

  #takeComment(): string {
    const comment = this.#comment.trim();
    this.#comment = '';
    return comment;
  }

  #section(line: string): Section {
    const close = line.lastIndexOf(']');
    if (close < 0) throw this.#failed('unclosed section');
    if (close === 1) throw this.#failed('empty section name');
    const section = new Section(line.slice(1, close));
    const comment = line.slice(close + 1).search(/[#;]/);
    if (comment >= 0) this.#comment += line.slice(close + 1 + comment);
    section.comment = this.#takeComment();
    return section;
  }

  #key(line: string, section: Section): void {
    const [written, from] = this.#keyName(line);
    const name = written === '-' ? `#${++section.count}` : written;
    const value = this.#value(line.slice(from));
    section.keys.set(name, { value, comment: this.#takeComment() });
  }

  /** The name and where the value begins. */
  #keyName(line: string): readonly [string, number] {
    const quote = line.length > 6 && line.startsWith('"""') ? '"""' : /^["`]/.test(line) ? line.charAt(0) : '';
    const close = quote === '' ? 0 : line.indexOf(quote, quote.length);
    if (close < 0) throw this.#failed('missing closing key quote');
    const delimiter = line.slice(close).search(/[=:]/);
    if (delimiter < 0) throw this.#failed('key-value delimiter not found');
    if (close + delimiter === 0) throw this.#failed('empty key name');
    const name = quote === '' ? line.slice(0, delimiter) : line.slice(quote.length, close);
    return [name.trim(), close + delimiter + 1];
  }

  #value(rest: string): string {
    const line = rest.trimStart();
    const quote = line.length > 3 && line.startsWith('"""') ? '"""' : line.startsWith('`') ? '`' : '';
    if (quote !== '') {
      const close = line.lastIndexOf(quote);
      return close < quote.length ? this.#untilQuote(quote, line.slice(quote.length)) : line.slice(quote.length, close);
    }
    const text = line.trim();
    if (text.endsWith('\\')) return this.#continued(text.slice(0, -1));
    const comment = text.search(/[#;]/);
    if (comment >= 0) this.#comment += text.slice(comment);
    const value = comment >= 0 ? text.slice(0, comment).trim() : text;
    return withoutQuotes(value);
  }

  #untilQuote(quote: string, first: string): string {
    let value = first;
    while (this.#next < this.#lines.length) {
      const line = this.#lines[this.#next++] ?? '';
      const close = line.lastIndexOf(quote);
      const goesOn =
        close < 0 ||
        line
          .slice(close + quote.length)
          .trim()
          .endsWith('\\');
      if (!goesOn) {
        const comment = line.slice(close).search(/[#;]/);
        if (comment >= 0) this.#comment += line.slice(close + comment).trim();
        return value + line.slice(0, close);
      }
      value += line;
    }
    throw this.#failed('missing closing value quote');
  }

  #continued(first: string): string {
    let value = first;
    while (this.#next < this.#lines.length) {
      const line = (this.#lines[this.#next++] ?? '').trim();
      if (line === '') return value;
      value += line;
      if (!value.endsWith('\\')) return value;
      value = value.slice(0, -1);
    }
    return value;
  }
}

/** Only where the quote stands nowhere else in the value. */
function withoutQuotes(value: string): string {
  const quote = value.charAt(0);
  const surrounded =
    (quote === '"' || quote === "'") && value.length >= 2 && value.indexOf(quote, 1) === value.length - 1;
  return surrounded ? value.slice(1, -1) : value;
}

function branchOf({ comment, keys }: Section): Branch {
  const items: (Entry | Comment)[] = comment === '' ? [] : [commentOf(comment)];
  for (const [key, { value, comment: behind }] of keys) {
    items.push({ key, value });
    if (behind !== '') items.push(commentOf(behind));
  }
  return new Branch(items);
}

function commentOf(text: string): Comment {
  return new Comment(text.startsWith(';') ? text.replace(/^[; ]+/, '') : text.replace(/^[# ]+/, ''));
}
