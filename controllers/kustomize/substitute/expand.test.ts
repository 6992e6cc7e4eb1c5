import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expand } from './expand.ts';
import { TemplateError } from './template.ts';

const variables = new Map(
  Object.entries({
    v: 'value',
    empty: '',
    mixed: 'abcdEFGH28ij',
    path: '/home/bozo/ideas/thoughts.for.today',
    file: 'bash.string.txt',
    repeated: 'abcABC123ABCabc',
    slashed: 'foo/bar/baz',
    back: 'a\\b',
    umlaut: 'äöü',
    sharp: 'straße',
    n: '-3',
    dollar: 'cost: ${v} $$',
    pattern: '*.',
  }),
);

for (const c of [
  { name: 'leaves a text without variables', text: 'abc {x} \\ $', want: 'abc {x} \\ $' },
  { name: 'puts a value in', text: 'a ${v} b', want: 'a value b' },
  { name: 'leaves $name alone', text: '$v $1 $', want: '$v $1 $' },
  { name: 'reads $${ as an escape', text: '$${v} ${v}', want: '${v} value' },
  { name: 'halves a double dollar', text: 'a$$b $$', want: 'a$b $' },
  { name: 'reads three dollars as an escape and a variable', text: '$$${v}', want: '$value' },
  { name: 'expands what is nested in an escaped brace', text: '$${v=${v}}', want: '${v=value}' },
  { name: 'keeps backslashes outside of a replacement', text: '\\\\x ${v}', want: '\\\\x value' },
  { name: 'expands no value again', text: '${dollar}', want: 'cost: ${v} $$' },
  { name: 'ends at a NUL', text: 'a${v}\0${v}', want: 'avalue' },
  { name: 'counts bytes', text: '${#mixed} ${#umlaut} ${#empty}', want: '12 6 0' },
  { name: 'raises the first letter', text: '${v^} ${umlaut^}', want: 'Value Äöü' },
  { name: 'raises all letters, one for one', text: '${v^^} ${sharp^^}', want: 'VALUE STRAßE' },
  { name: 'lowers letters', text: '${mixed,,} ${repeated,}', want: 'abcdefgh28ij abcABC123ABCabc' },
  { name: 'cuts from an offset', text: '${path:11}', want: 'ideas/thoughts.for.today' },
  { name: 'cuts a length', text: '${path:11:5}', want: 'ideas' },
  { name: 'cuts nothing past the end', text: '[${v:9}${v:9:2}${v:3:9}]', want: '[ue]' },
  { name: 'keeps the value when an offset is no number', text: '${v:x} ${v:1:x}', want: 'value value' },
  { name: 'counts a nested negative offset from the end', text: '${v:${n}}', want: 'lue' },
  { name: 'survives a negative length', text: '${v:1:${n}}', want: 'a' },
  { name: 'answers nothing to a negative length before the offset', text: '[${v:4:${n}}]', want: '[]' },
  { name: 'trims the shortest prefix', text: '${file#*.}', want: 'string.txt' },
  { name: 'trims the longest prefix', text: '${file##*.}', want: 'txt' },
  { name: 'trims the shortest suffix', text: '${file%.*}', want: 'bash.string' },
  { name: 'trims the longest suffix', text: '${file%%.*}', want: 'bash' },
  {
    name: 'lets * cross a slash',
    text: '${path##*/} ${path#*/}',
    want: 'thoughts.for.today home/bozo/ideas/thoughts.for.today',
  },
  { name: 'matches ? and classes', text: '${v#?[a-c]} ${v%[^x]}', want: 'lue valu' },
  { name: 'leaves a value whose pattern does not match', text: '${v#x} ${v%x}', want: 'value value' },
  { name: 'leaves a value whose pattern is malformed', text: '${v#[} ${v%%[a-}', want: 'value value' },
  { name: 'takes a pattern from a variable', text: '${file#${pattern}}', want: 'string.txt' },
  { name: 'replaces the first', text: '${repeated/abc/xyz}', want: 'xyzABC123ABCabc' },
  { name: 'replaces all', text: '${repeated//abc/xyz}', want: 'xyzABC123ABCxyz' },
  { name: 'replaces at the start', text: '${repeated/#abc/X}', want: 'XABC123ABCabc' },
  { name: 'replaces at the end', text: '${repeated/%abc/X}', want: 'abcABC123ABCX' },
  {
    name: 'takes a pattern literally',
    text: '${file/./-} ${file/*/-} ${file//?/-}',
    want: 'bash-string.txt bash.string.txt bash.string.txt',
  },
  { name: 'takes $ in a replacement literally', text: '${v/value/$&}', want: '$&' },
  { name: 'reads escaped slashes', text: '${slashed/\\//-} ${slashed//\\//-}', want: 'foo-bar/baz foo-bar-baz' },
  { name: 'reads escaped backslashes', text: '${back/\\\\/-}', want: 'a-b' },
  { name: 'replaces by nothing', text: '${file/./} ${file//./}', want: 'bashstring.txt bashstringtxt' },
  { name: 'leaves a prefix without a replacement', text: '${v/#val/} ${v/%ue/}', want: 'value value' },
  { name: 'puts text before or after with an empty pattern', text: '${v/#/a-} ${v/%/-b}', want: 'a-value value-b' },
  { name: 'takes no default for a value', text: '${v=d} ${v:=d} ${v:-d}', want: 'value value value' },
  { name: 'takes the default when unset', text: '${u=d} ${u:=d} ${u:-d}', want: 'd d d' },
  { name: 'takes the default when empty', text: '${empty=d} ${empty:=d} ${empty:-d}', want: 'd d d' },
  { name: 'treats :? and :+ as a default', text: '${u:?d} ${u:+d} ${v:?d} ${v:+d}', want: 'd d value value' },
  { name: 'takes an empty default', text: '[${u:=}${u=}]', want: '[]' },
  { name: 'joins the pieces of a default', text: '${u:=a-${v}-${file%.*}!}', want: 'a-value-bash.string!' },
  { name: 'nests defaults', text: '${u:=${w:=${x:-deep}}}', want: 'deep' },
  { name: 'keeps a colon and a quote in a default', text: '${u:=http://x:80/"y"}', want: 'http://x:80/"y"' },
]) {
  test(`expand ${c.name}`, () => {
    assert.equal(expand(c.text, variables, { strict: true }), c.want);
  });
}

for (const c of [
  { text: '${u}', want: 'variable not set (strict mode): "u"' },
  { text: '${#u}', want: 'variable not set (strict mode): "u"' },
  { text: '${u^^}', want: 'variable not set (strict mode): "u"' },
  { text: '${u/a/b}', want: 'variable not set (strict mode): "u"' },
  { text: '${v:=${u}}', want: 'variable not set (strict mode): "u"' },
  { text: '${.x}', want: 'unable to parse variable name' },
  { text: '${1}', want: 'unable to parse variable name' },
  { text: '${}', want: 'unable to parse variable name' },
  { text: '${', want: 'unable to parse variable name' },
  { text: '${v-d}', want: 'missing closing brace' },
  { text: '${v', want: 'missing closing brace' },
  { text: '${v.x}', want: 'missing closing brace' },
  { text: '${#}', want: 'bad substitution' },
  { text: '${#v^}', want: 'bad substitution' },
  { text: '${v^x}', want: 'bad substitution' },
  { text: '${v#${v}x}', want: 'bad substitution' },
  { text: '${v/a}', want: 'bad substitution' },
  { text: '${v:}', want: 'unable to parse substitution within function' },
  { text: '${v#}', want: 'unable to parse substitution within function' },
  { text: '${u:=d', want: 'unable to parse substitution within function' },
  { text: '${u:='.repeat(2000), want: 'bad substitution: nested deeper than 100' },
]) {
  test(`expand refuses ${c.text.slice(0, 30)}`, () => {
    assert.throws(() => expand(c.text, variables, { strict: true }), new TemplateError(c.want));
  });
}

test('expand makes nothing of an unset variable when it is not strict', () => {
  assert.equal(expand('[${u}${#u}${u:1}]', variables, { strict: false }), '[0]');
});

test('expand bounds what replacements can grow to', () => {
  const big = new Map([['v', 'a'.repeat(100_000)]]);
  assert.throws(() => expand(`\${v//a/${'b'.repeat(1000)}}`, big, { strict: true }), /exceeds 16777216 characters/);
  assert.throws(() => expand('${v}'.repeat(200), big, { strict: true }), /exceeds 16777216 characters/);
});

/** Deterministic numbers in [0, 1), so that a failure can be repeated. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('expand gives back every text whose dollars are doubled', () => {
  const random = randomNumbers(1);
  const alphabet = ['$', '{', '}', 'v', ':', '=', '/', '#', '%', '\\', 'ä', '\n', '😀'];
  for (let round = 0; round < 2000; round++) {
    const text = Array.from({ length: 12 }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
    assert.equal(expand(text.replaceAll('$', '$$$$'), variables, { strict: true }), text);
  }
});

test('expand ends in a text or a TemplateError whatever it reads', () => {
  const random = randomNumbers(2);
  const pieces = ['${', '}', 'v', 'u', ':', '=', '-', '/', '#', '%', '^', ',', '\\', '*', '[', ']', '?', '1', '$', ' '];
  for (let round = 0; round < 20_000; round++) {
    const text = `\${v${Array.from({ length: 8 }, () => pieces[Math.floor(random() * pieces.length)]).join('')}}`;
    try {
      assert.equal(typeof expand(text, variables, { strict: round % 2 === 0 }), 'string');
    } catch (error) {
      assert.ok(error instanceof TemplateError, `${text}: ${String(error)}`);
    }
  }
});

test('a shortest trim never takes more than a longest one, and both leave an end of the value', () => {
  const random = randomNumbers(3);
  const letters = ['a', 'b', '*', '?', '[ab]'];
  const word = (length: number, from: readonly string[]): string =>
    Array.from({ length }, () => from[Math.floor(random() * from.length)]).join('');
  for (let round = 0; round < 2000; round++) {
    const value = word(8, ['a', 'b']);
    const pattern = word(3, letters);
    const trim = (operator: string): string =>
      expand(`\${x${operator}${pattern}}`, new Map([['x', value]]), { strict: true });
    const [shortPrefix, longPrefix, shortSuffix, longSuffix] = [trim('#'), trim('##'), trim('%'), trim('%%')];
    assert.ok(shortPrefix.endsWith(longPrefix) && value.endsWith(shortPrefix), `${value} ${pattern}`);
    assert.ok(shortSuffix.startsWith(longSuffix) && value.startsWith(shortSuffix), `${value} ${pattern}`);
  }
});
