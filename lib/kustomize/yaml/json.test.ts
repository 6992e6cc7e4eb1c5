import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, goJsonMarshal, toJson } from './json.ts';
import { cloneNode, equalNodes, MapNode, scalar } from './node.ts';
import { printV3 } from './printer-v3.ts';
import { print } from './printer.ts';
import { readDocuments } from './reader.ts';

const marshalled: readonly { name: string; value: Parameters<typeof goJsonMarshal>[0]; want: string }[] = [
  {
    name: 'sorts keys by their bytes',
    value: { b: 1, a: [], '\u{1f600}': 2, '\uffee': 3 },
    want: '{"a":[],"b":1,"\uffee":3,"\u{1f600}":2}',
  },
  {
    name: 'escapes what is special in HTML and JavaScript',
    value: '<&>\u2028\u2029',
    want: '"\\u003c\\u0026\\u003e\\u2028\\u2029"',
  },
  { name: 'escapes controls as Go does', value: '\n\t\b\f\u0001\u007f"\\', want: '"\\n\\t\\b\\f\\u0001\u007f\\"\\\\"' },
  {
    name: 'writes floats and large integers',
    value: [1, 1.5, 1e21, 1e-7, 18446744073709551615n, -0],
    want: '[1,1.5,1e+21,1e-7,18446744073709551615,-0]',
  },
];
for (const { name, value, want } of marshalled) {
  test(`goJsonMarshal ${name}`, () => assert.equal(goJsonMarshal(value), want));
}

test('toJson keeps integers exact that a double cannot hold', () => {
  const [node] = readDocuments('a: [9007199254740993, 12, 0x10, 1.0]');
  assert.ok(node !== undefined);
  assert.deepEqual(toJson(node), { a: [9007199254740993n, 12, 16, 1] });
});

test('toJson takes __proto__ for a key like any other', () => {
  const [node] = readDocuments('__proto__: {a: 1}');
  assert.ok(node !== undefined);
  assert.equal(goJsonMarshal(toJson(node)), '{"__proto__":{"a":1}}');
});

test('fromJson prints the numbers that Go would have', () => {
  const node = fromJson({ a: [1e21, 1.5, 12345678901234567000, null, 'yes', false] });
  assert.equal(print(node), 'a:\n- 1e+21\n- 1.5\n- 12345678901234567000\n- null\n- "yes"\n- false\n');
});

test('a large map finds its keys after every kind of change', () => {
  const map = new MapNode();
  for (let i = 0; i < 40; i++) map.set(`k${i}`, scalar(String(i)));
  assert.equal(map.indexOf('k20'), 20);
  map.delete('k3');
  map.set('k20', scalar('new'));
  map.set('last', scalar('x'));
  map.insertAt(0, scalar('first'), scalar('y'));
  assert.equal(map.get('k3'), undefined);
  assert.deepEqual(map.keys().slice(0, 5), ['first', 'k0', 'k1', 'k2', 'k4']);
  assert.equal(map.indexOf('last'), map.size - 1);
  assert.ok(equalNodes(map.get('k20') ?? map, scalar('new')));
});

test('a clone is equal and independent', () => {
  const [node] = readDocuments('a: {b: [1, x]}\nc: {d: e, f: g}');
  assert.ok(node?.kind === 'map');
  const clone = cloneNode(node);
  assert.ok(equalNodes(node, clone));
  clone.set('c', scalar('changed'));
  assert.ok(!equalNodes(node, clone));
  assert.equal(node.get('c')?.kind, 'map');
});

test('printV3 keeps the order of keys, styles and flow collections', () => {
  const text = `b: yes\na: "1"\nl:\n- 1\n- [a, {b: '', c: x}]\n- - x\n  - k: v\nm: |\n  t\n   u\ns: 's'\ne: {}\n`;
  const [node] = readDocuments(text);
  assert.ok(node !== undefined);
  assert.equal(printV3(node), text);
  assert.equal(printV3(fromJson({ a: ['1'] }), { indentSequences: true }), 'a:\n  - "1"\n');
});
