/** A sequence of numbers below `n`, the same for the same seed. */
function sequence(seed: number): (n: number) => number {
  let state = (seed * 2_654_435_761) % 4_294_967_296 || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

const leaves = [
  '0',
  '1',
  '-1',
  '2',
  '3u',
  '0u',
  '1.5',
  '-0.0',
  '2.0',
  'true',
  'false',
  'null',
  "''",
  "'a'",
  "'str'",
  "b'a'",
  '[]',
  '{}',
  '9223372036854775807',
  'x',
  's',
  'm',
  'i',
  'l',
  'x.y',
  'x.n',
  'x.l',
  'x.f',
  'x.q',
  'm.a',
  'm.a.b',
  'l[0]',
  'x.?y',
  'x.?q',
  "duration('1h')",
  "timestamp('2026-11-21T02:27:31Z')",
  'optional.none()',
  'status.replicas',
  'status.phase',
  'nothing',
] as const;

const shapes: readonly string[] = [
  ...['+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', 'in', '&&', '||'].map((sign) => `(# ${sign} #)`),
  '!#',
  '-(#)',
  '(# ? # : #)',
  '[#]',
  '[#, #]',
  "{'a': #}",
  '{#: #}',
  "{'a': #, 'b': #}",
  '(#)[#]',
  '(#).y',
  'has((#).y)',
  '(#).?y',
  '(#)[?#]',
  'size(#)',
  'type(#)',
  'dyn(#)',
  'string(#)',
  'int(#)',
  'uint(#)',
  'double(#)',
  'bool(#)',
  '(#).map(v, #)',
  '(#).map(v, v)',
  '(#).filter(v, #)',
  '(#).all(v, v == #)',
  '(#).exists(v, v == #)',
  '(#).exists_one(v, v == #)',
  '(#).map(v, v == #, [v])',
  '(#).contains(#)',
  '(#).startsWith(#)',
  '(#).split(#)',
  '(#).join(#)',
  '(#).substring(#)',
  '(#).indexOf(#)',
  '(#).orValue(#)',
  '(#).or(#)',
  'optional.of(#)',
  'optional.ofNonZeroValue(#)',
  '(#).optMap(v, [v])',
  '(#).hasValue()',
  'sets.contains(#, #)',
  'sets.intersects(#, #)',
  "'%s'.format([i, s, l, m, 1.5])",
  "'%d %x'.format([i, s])",
  '(#).getHours()',
  '(#).first()',
];

/** Expressions of all kinds, most of which somebody refuses: what is refused, and where, is what is compared. */
export function generated(seed: number, count: number): readonly string[] {
  const below = sequence(seed);
  const pick = <T>(items: readonly T[]): T | undefined => items[below(items.length)];
  const grow = (depth: number): string => {
    if (depth === 0 || below(4) === 0) return pick(leaves) ?? 'x';
    return (pick(shapes) ?? '#').replaceAll('#', () => grow(depth - 1));
  };
  return Array.from({ length: count }, () => grow(1 + below(3)));
}
