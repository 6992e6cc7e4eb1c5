import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageMatcher, splitImage } from './images.ts';

for (const { image, want } of [
  { image: 'nginx', want: { name: 'nginx', tag: '', digest: '' } },
  { image: 'reg.example:5000/a/b', want: { name: 'reg.example:5000/a/b', tag: '', digest: '' } },
  { image: 'reg.example:5000/a/b:1', want: { name: 'reg.example:5000/a/b', tag: '1', digest: '' } },
  { image: 'a:1@sha256:00', want: { name: 'a', tag: '1', digest: 'sha256:00' } },
  { image: 'a@sha256:00', want: { name: 'a', tag: '', digest: 'sha256:00' } },
]) {
  test(`splitImage ${image}`, () => assert.deepEqual(splitImage(image), want));
}

for (const { name, image, want } of [
  { name: 'n.inx', image: 'nginx:1', want: true },
  { name: 'nginx', image: 'x/nginx', want: false },
  { name: 'nginx', image: 'nginx:1.0+meta', want: false },
  { name: '(?:a|b)c', image: 'bc@sha256:0', want: true },
]) {
  test(`image rule "${name}" on ${image}`, () => assert.equal(imageMatcher(name)(image), want));
}
