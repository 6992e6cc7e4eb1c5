import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalJson, mergePatch } from './merge-patch.ts';

/** RFC 7386 section 2, to prove that the patch does what it is for. */
function applyPatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const isMap = typeof target === 'object' && target !== null && !Array.isArray(target);
  const result = new Map<string, unknown>(isMap ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, applyPatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}

for (const c of [
  {
    name: 'is undefined for equal values in another order',
    from: { a: 1, b: { c: [1] } },
    to: { b: { c: [1] }, a: 1 },
    want: undefined,
  },
  { name: 'sets and removes keys', from: { a: 1, b: 2 }, to: { a: 3, c: 4 }, want: { a: 3, b: null, c: 4 } },
  { name: 'goes into maps', from: { a: { b: 1, c: 2 } }, to: { a: { b: 1, c: 3 } }, want: { a: { c: 3 } } },
  { name: 'replaces lists whole', from: { a: [1, 2] }, to: { a: [1] }, want: { a: [1] } },
  { name: 'replaces a scalar by a map', from: { a: 1 }, to: { a: { b: 2 } }, want: { a: { b: 2 } } },
  { name: 'replaces a map by a scalar', from: { a: { b: 2 } }, to: { a: 1 }, want: { a: 1 } },
  { name: 'takes undefined for absent', from: { a: 1 }, to: { a: undefined }, want: { a: null } },
  { name: 'empties a map key by key', from: { a: { b: 1 } }, to: { a: {} }, want: { a: { b: null } } },
  { name: 'keeps a new empty map', from: {}, to: { a: {} }, want: { a: {} } },
]) {
  test(`mergePatch ${c.name}`, () => {
    const patch = mergePatch(c.from, c.to);
    assert.deepEqual(patch, c.want);
    if (patch !== undefined) assert.ok(equalJson(applyPatch(c.from, patch), c.to));
  });
}

test('mergePatch leaves nulls in new maps out: they would remove, and say nothing else', () => {
  assert.deepEqual(mergePatch({}, { a: { b: null, c: 1 }, d: null }), { a: { c: 1 } });
});

test('mergePatch handles a key named __proto__ as any other', () => {
  const patch = mergePatch({}, JSON.parse('{"__proto__": {"a": 1}}'));
  assert.equal(JSON.stringify(patch), '{"__proto__":{"a":1}}');
  assert.equal(Object.hasOwn({}, 'a'), false);
});

for (const [a, b, want] of [
  [{ a: 1 }, { a: 1, b: undefined }, true],
  [{ a: 1, b: undefined }, { a: 1 }, true],
  [{ a: 1 }, { a: 1, b: null }, false],
  [[1, 2], [2, 1], false],
  [[1], { 0: 1 }, false],
  [null, {}, false],
  ['1', 1, false],
] as const) {
  test(`equalJson ${JSON.stringify(a)} and ${JSON.stringify(b)}: ${want}`, () => {
    assert.equal(equalJson(a, b), want);
    assert.equal(equalJson(b, a), want);
  });
}
