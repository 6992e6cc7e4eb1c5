import assert from 'node:assert/strict';
import { test } from 'node:test';
import { removeField } from './field-path.ts';

for (const c of [
  {
    name: 'a field',
    path: '.spec.x',
    want: true,
    left: { spec: { list: [{ name: 'a:b', y: 1, ports: [{ p: 80, proto: 'TCP', z: 1 }] }], 'a/b': { w: 1 } } },
  },
  {
    name: 'a field of a keyed item',
    path: '.spec.list[name="a:b"].y',
    want: true,
    left: { spec: { x: 1, list: [{ name: 'a:b', ports: [{ p: 80, proto: 'TCP', z: 1 }] }], 'a/b': { w: 1 } } },
  },
  {
    name: 'a field under two keys',
    path: '.spec.list[name="a:b"].ports[p=80,proto="TCP"].z',
    want: true,
    left: { spec: { x: 1, list: [{ name: 'a:b', y: 1, ports: [{ p: 80, proto: 'TCP' }] }], 'a/b': { w: 1 } } },
  },
  {
    name: 'a field of an indexed item',
    path: '.spec.list[0].y',
    want: true,
    left: { spec: { x: 1, list: [{ name: 'a:b', ports: [{ p: 80, proto: 'TCP', z: 1 }] }], 'a/b': { w: 1 } } },
  },
  { name: 'a path that leads nowhere', path: '.spec.list[name="q"].y', want: false, left: undefined },
  { name: 'a path to an item', path: '.spec.list[0]', want: false, left: undefined },
  { name: 'no path', path: 'spec x', want: false, left: undefined },
])
  test(`removeField: ${c.name}`, () => {
    const object = {
      spec: { x: 1, list: [{ name: 'a:b', y: 1, ports: [{ p: 80, proto: 'TCP', z: 1 }] }], 'a/b': { w: 1 } },
    };
    const before = structuredClone(object);
    assert.equal(removeField(object, c.path), c.want);
    assert.deepEqual(object, c.left ?? before);
  });
