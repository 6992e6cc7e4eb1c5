/** Fragments of YAML that follow the key of a field, from a seeded generator. */

/** mulberry32: small, fast and the same everywhere. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    const item = from[this.below(from.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  text(alphabet: string, min: number, max: number): string {
    const characters = [...alphabet];
    let out = '';
    for (let n = min + this.below(max - min + 1); n > 0; n--) out += this.pick(characters);
    return out;
  }
}

type Generator = (seed: number, count: number) => string[];

function many(one: (random: Random) => string): Generator {
  return (seed, count) => {
    const random = new Random(seed);
    return Array.from({ length: count }, () => one(random));
  };
}

const WORDS = [
  [
    'y',
    'Y',
    'yes',
    'Yes',
    'YES',
    'yEs',
    'n',
    'no',
    'No',
    'on',
    'On',
    'ON',
    'off',
    'OFF',
    'true',
    'True',
    'TRUE',
    'tRue',
  ],
  [
    'false',
    'null',
    'Null',
    'NULL',
    'nUll',
    '~',
    '~~',
    '.inf',
    '+.inf',
    '-.INF',
    '.nan',
    '.NaN',
    '.Nan',
    'Infinity',
    'NaN',
    'inf',
  ],
  [
    '<<',
    '=',
    '<',
    '-',
    '--',
    '---',
    '...',
    '-a',
    '- ',
    '?',
    '?a',
    ':',
    ':a',
    'a:',
    'a: ',
    '@a',
    '`a',
    '%a',
    '!a',
    '&a',
    '*a',
    '|',
    '>',
    '#',
  ],
  [
    '0',
    '-0',
    '+0',
    '0.0',
    '-0.0',
    '00',
    '08',
    '010',
    '0x1F',
    '0X1f',
    '-0x10',
    '+0x10',
    '0b101',
    '0B1',
    '-0b11',
    '0b-1',
    '0b+1',
    '0o17',
    '0O17',
    '0o8',
    '0o-7',
    '-0o7',
  ],
  [
    '1_000',
    '_1',
    '1__0',
    '0x_1',
    '0_x1',
    '+_1',
    '1e3',
    '1E3',
    '1e+3',
    '1.e3',
    '.5',
    '.5e1',
    '.',
    '.e1',
    '._5',
    '.5_0',
    '1e400',
    '-1e400',
    '1e-400',
    '12e03',
    '1.5e-7',
    '1e21',
    '1e20',
    '2e19',
  ],
  [
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
    '18446744073709551615',
    '18446744073709551616',
    '0xFFFFFFFFFFFFFFFF',
    '0x1FFFFFFFFFFFFFFFF',
  ],
  [
    '9007199254740993',
    '123456789.123456789',
    '1234567.5',
    '999999.5',
    '0.0001',
    '0.00001',
    '100000',
    '1000000',
    '1000000.0',
    '1e5',
    '0.1e1',
    '123456789012345678901234567890',
  ],
  [
    '2001-12-14',
    '2001-2-4',
    '2001-12-14T21:59:43.10-05:00',
    '2001-12-14t21:59:43.1Z',
    '2001-12-14 21:59:43.10',
    '2001-12-14 21:59:43.10 -5',
    '2001-12-14 21:59:43Z',
    '2001-13-01',
    '2001-02-30',
    '2000-02-29',
  ],
  [
    '2001-12-14T21:59:43',
    '2001-12-14T1:2:3Z',
    '2001-12-14T1:2:3.123456789123Z',
    '2001-12-14T1:2:3,5Z',
    '0000-01-01',
    '9999-12-31',
    '2001-12-14T21:59:60Z',
    '2001-12-14T24:00:00Z',
    '2001-12-14T21:59:43+00:00',
    '2001-12-14T21:59:43+14:59',
  ],
  '1:30',
  '190:20:30',
  '1:60',
  '1:5:5.5',
  '-1:30',
  '1:2:3_',
  '1.2.3',
  '1.2',
  '12:30:45',
  '0:0',
  'a:1',
  '1:a',
].flat();

/** A scalar in plain style; fragments that are no plain scalars are welcome, both sides must say so. */
const plainWords = many((r) => {
  const word = r.pick(WORDS);
  if (r.chance(0.4)) return ` ${word}`;
  if (r.chance(0.5)) {
    const at = r.below(word.length + 1);
    return ` ${word.slice(0, at)}${r.text('0123456789.eE+-_:xob ~TZ', 1, 2)}${word.slice(at)}`;
  }
  return ` ${r.text('0123456789.eE+-_:xobTZ', 1, 12)}`;
});

/** Every word in quotes: what must stay quoted, and with which quotes. */
const quotedWords = many((r) => {
  const word = r.chance(0.5) ? r.pick(WORDS) : r.text('0123456789.eE+-_:xobTZ#\'",[]{}&*!|>%@`?~= ', 1, 8);
  return r.chance(0.5) ? ` '${word.replaceAll("'", "''")}'` : ` ${JSON.stringify(word)}`;
});

const SENTENCE = [
  'a',
  'of',
  'the',
  'word',
  'kubernetes',
  'config:',
  'x#y',
  '#',
  "it's",
  '"q"',
  '-',
  'https://example.com/a/b?c=d',
  'ünïcödé',
  '中文',
  'a,b',
  '{}',
  '[x]',
  '`code`',
  '\\',
];

function sentence(r: Random, spaces: boolean): string {
  let out = '';
  const length = r.below(300);
  while (out.length < length) {
    out += (out === '' ? '' : spaces && r.chance(0.2) ? ' '.repeat(1 + r.below(3)) : ' ') + r.pick(SENTENCE);
    if (r.chance(0.05)) out += 'x'.repeat(r.below(100));
  }
  return out;
}

/** Long texts: where a line is broken in each style. */
const longTexts = many((r) => {
  let text = sentence(r, true);
  if (r.chance(0.1)) text = ` ${text}`;
  if (r.chance(0.1)) text += ' ';
  if (r.chance(0.15)) text = text.replaceAll('word', 'w\to');
  if (r.chance(0.1)) text = text.replaceAll('the', 'the😀');
  const value = r.chance(0.5) ? ` '${text.replaceAll("'", "''")}'` : ` ${JSON.stringify(text)}`;
  if (r.chance(0.3)) return `\n- - ${value}\n  - k: ${value}`;
  return r.chance(0.3) ? `\n  deeper:\n    and: ${value}` : value;
});

const CODES = [
  0, 7, 8, 9, 0xb, 0xc, 0xd, 0x1b, 0x1f, 0x7e, 0x85, 0xa0, 0xad, 0x2028, 0x2029, 0x200b, 0xfeff, 0xd7ff, 0xe000, 0xfffd,
  0x1f600, 0x10ffff,
];

/** Control, separator and astral characters, as escapes and as they are. */
const specialCharacters = many((r) => {
  let out = '';
  for (let n = 1 + r.below(6); n > 0; n--) {
    const code = r.pick(CODES);
    if (r.chance(0.4)) out += r.pick(['a', ' ', 'b c', '\\n', '.', '-', ' \\n', '\\n ', '\\"', '\\\\']);
    if (r.chance(0.2) && code >= 0xa0) out += String.fromCodePoint(code);
    else out += code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  }
  if (r.chance(0.05)) out += r.pick(['\\x7f', '\\x80', '\\ufffe', '\\uffff', '\\x9f', '\\/', '\\ud83d\\ude00']);
  return ` "${out}"`;
});

/** Texts with line breaks, given in double quotes: literal block or not, and its header. */
const multiline = many((r) => {
  const lines: string[] = [];
  for (let n = 1 + r.below(6); n > 0; n--) {
    lines.push(
      r.pick([
        '',
        '',
        'a',
        'word of',
        '  in',
        ' b',
        '- x',
        'k: v',
        '# c',
        'trail ',
        '\tt',
        'a\tb',
        '---',
        '中',
        '"q"',
        '\u2028',
        ' ',
        'x'.repeat(90),
        sentence(r, false),
      ]),
    );
  }
  return ` ${JSON.stringify(lines.join('\n'))}`;
});

/** Block scalars as written: headers, indentation, blank lines, comments behind them. */
const blockScalars = many((r) => {
  const header = r.pick(['|', '|', '>', '>', '>-', '|-', '|+', '>+', '|2', '>2', '|2-', '>+2', '|1', '| # c', '>3']);
  const base = r.pick(['  ', '  ', '   ', ' ']);
  const lines: string[] = [];
  for (let n = 1 + r.below(7); n > 0; n--) {
    const line = r.pick([
      '',
      '',
      'a',
      'word of',
      '  in',
      ' b',
      '- x',
      'k: v',
      '# c',
      'trail ',
      '\tt',
      'a\tb',
      '  ',
      '   deep',
      'ü',
      'more words to fold',
      '* x',
    ]);
    lines.push(line === '' ? r.pick(['', '', '  ', '    ']) : base + line);
  }
  return ` ${header}\n${lines.join('\n')}${r.pick(['', '\n', header.includes('+') ? '' : '\n# comment'])}`;
});

/** Plain and quoted scalars over several lines. */
const foldedFlow = many((r) => {
  const lines: string[] = [];
  for (let n = 2 + r.below(4); n > 0; n--)
    lines.push(r.pick(['a', 'b c', '', '  d', 'e # f', 'g: h', 'i#j', '- k', "l''m", 'n\\', '\to', 'p ', '"q', '? r']));
  const quote = r.pick(['', '', "'", '"']);
  return ` ${quote}${lines.join('\n  ')}${quote}`;
});

function flow(r: Random, depth: number): string {
  const leaf = [
    'a',
    '1',
    '"x"',
    "'y'",
    '~',
    'null',
    '',
    '',
    'a: b',
    '"k": v',
    '"k":v',
    'http://x/y',
    'a b',
    '!!str 1',
    '- a',
    'true',
    '2001-01-01',
    '{}',
    '[]',
    '"a"#b',
    'a#b',
    'x?y',
    '? k',
    ': v',
    'k: ',
    '"k":',
    'a:',
  ];
  if (depth === 0 || r.chance(0.3)) return r.pick(leaf);
  const items = Array.from({ length: r.below(4) }, () => flow(r, depth - 1));
  const break_ = r.chance(0.1) ? '\n   ' : ' ';
  const last = r.chance(0.1) ? ',' : '';
  if (r.chance(0.5)) return `[${items.join(`,${break_}`)}${last}]`;
  return `{${items.map((item, i) => (r.chance(0.8) ? `k${i}: ${item}` : item)).join(`,${break_}`)}${last}}`;
}

/** Flow collections, with what go-yaml makes of odd entries. */
const flows = many((r) => ` ${flow(r, 3)}`);

function block(r: Random, depth: number, indent: number): string {
  const margin = '\n' + ' '.repeat(indent);
  if (depth === 0 || r.chance(0.2)) {
    return r.pick([
      ' a',
      ' 1',
      '',
      ' ~',
      ' "q"',
      ' {}',
      ' []',
      ' {a}',
      ' {a: }',
      ` [a,${margin}  b]`,
      ' |\n' + ' '.repeat(indent + 2) + 'x',
      ' &a1 x',
      ' *a1',
      ' !!str 1',
      ' !x y',
      ' # c',
      ` a${margin}  b`,
    ]);
  }
  const n = 1 + r.below(3);
  let out = r.chance(0.1) ? ` &a${r.below(3)}` : r.chance(0.05) ? ' !!map' : '';
  if (r.chance(0.4)) {
    for (let i = 0; i < n; i++) {
      out += `${margin}-`;
      out += r.chance(0.5)
        ? ` k${i}:${block(r, depth - 1, indent + 4)}${margin}  z:${block(r, depth - 1, indent + 4)}`
        : block(r, depth - 1, indent + 2);
    }
    return out;
  }
  for (let i = 0; i < n; i++) {
    const key = r.pick([
      `k${i}`,
      `"k${i}"`,
      `k ${i}`,
      `? k${i}${margin}`,
      `k${i} `,
      `&b${i} k${i}`,
      `<<`,
      `!!str k${i}`,
      `- k${i}`,
    ]);
    const value =
      key === '<<'
        ? r.pick([' *a0', ' [{k1: 4, m: 2}, {m: 3}]', ' {m: 1, k0: 2}', ' {m: 1, k0: 2}', ' {n: 1}'])
        : block(r, depth - 1, indent + 2);
    out += `${margin}${r.chance(0.05) ? ' ' : ''}${key}:${value}`;
  }
  return out;
}

/** Block collections with anchors, merge keys, tags and crooked indentation. */
const blocks = many((r) => block(r, 4, 2));

/** Keys: their order, their quotes, the ones too long to be simple. */
const keys = many((r) => {
  const few = r.chance(0.5);
  const one = (): string => {
    if (r.chance(0.1)) return 'k'.repeat(120 + r.below(12));
    if (r.chance(0.05)) return 'ü'.repeat(60 + r.below(8));
    if (few && r.chance(0.2)) return r.pick(WORDS);
    if (r.chance(0.1)) return sentence(r, true).slice(0, 140);
    if (r.chance(0.1)) return `a\nb${r.below(9)}`;
    // With leading zeros the order is not transitive, and more than two keys come out at random.
    if (few) return r.text('ab01.-_/AZ', 1, 5);
    return r.chance(0.5) ? r.text('ab12.-_/AZ', 1, 5) : r.text('aé中1😀-', 1, 4);
  };
  const set = new Set(Array.from({ length: few ? 2 : 1 + r.below(4) }, one));
  const value = (): string =>
    r.pick(['1', '{}', '[]', 'null', '\n    - 1', '\n    z: 1', '\n    - z: 1', '"a\\nb"', `"${'word '.repeat(20)}"`]);
  return [...set].map((key) => `\n  ? ${JSON.stringify(key)}\n  : ${value()}`).join('');
});

/** Explicit tags. */
const tags = many((r) => {
  const tag = r.pick([
    '!!str',
    '!!int',
    '!!float',
    '!!bool',
    '!!null',
    '!!binary',
    '!!timestamp',
    '!x',
    '!!x',
    '!',
    '!<tag:yaml.org,2002:int>',
    '!!seq',
    '!!map',
    '!!merge',
  ]);
  const value = r.chance(0.7)
    ? r.pick(WORDS)
    : r.pick(['aGVsbG8=', '"7"', "'x'", '"1.5"', 'gA==', '"yes"', '', '"2001-01-01"', '"true"', '"~"', 'aGVs bG8=']);
  return ` ${tag} ${value}`;
});

const DOCUMENT = `# head
apiVersion: v1
kind: X
metadata:
  name: x
  labels: {a: "b", c: 'd'}
spec:
  list:
  - one: 1
    two: [a, b, {c: d}]
  - |
    literal
      text
  - >-
    folded
    text
  -   nested: &anchor
        key: "quoted: text"
      again: *anchor
  plain: text over
    two lines
  ? explicit
  : value
`;

/** Whole resources with a few characters changed: mostly errors, whose texts and line numbers must agree. */
export function mutatedDocuments(seed: number, count: number): string[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    let text = DOCUMENT;
    for (let n = 1 + random.below(2); n > 0; n--) {
      const at = random.below(text.length);
      const end = random.chance(0.4) ? at : at + 1 + random.below(3);
      const insert = random.chance(0.3)
        ? ''
        : random.pick([
            ...':-?[]{},#&*!|>\'"%@`',
            ' ',
            '  ',
            '\n',
            '\t',
            ': ',
            '- ',
            '\n- ',
            '\n  ',
            '---',
            '\n---\n',
            '...\n',
            ' #',
            '\\x',
            '<<: ',
            '&a ',
            '*b ',
          ]);
      text = text.slice(0, at) + insert + text.slice(end);
    }
    return text;
  });
}

export const generators: Readonly<Record<string, Generator>> = {
  'plain words': plainWords,
  'quoted words': quotedWords,
  'long texts': longTexts,
  'special characters': specialCharacters,
  'texts with line breaks': multiline,
  'block scalars': blockScalars,
  'scalars over several lines': foldedFlow,
  'flow collections': flows,
  'block collections': blocks,
  'mapping keys': keys,
  'explicit tags': tags,
};
