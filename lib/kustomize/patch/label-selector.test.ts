import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLabelSelector } from './label-selector.ts';

const labels = new Map([
  ['app', 'web'],
  ['example.com/tier', 'front'],
  ['weight', '7'],
]);

for (const { selector, want } of [
  { selector: '', want: true },
  { selector: 'app=web', want: true },
  { selector: 'app == web, weight', want: true },
  { selector: 'app!=web', want: false },
  { selector: 'other!=x', want: true },
  { selector: 'app in (api, web),!other', want: true },
  { selector: 'app notin (web)', want: false },
  { selector: 'other notin (web)', want: true },
  { selector: 'example.com/tier=front', want: true },
  { selector: 'weight>6,weight<8', want: true },
  { selector: 'app>6', want: false },
  { selector: '!app', want: false },
]) {
  test(`selector "${selector}" is ${want}`, () => assert.equal(parseLabelSelector(selector)(labels), want));
}

for (const selector of ['a=b=c', 'a in b', '=', 'a in (b']) {
  test(`selector "${selector}" is refused`, () => {
    assert.throws(() => parseLabelSelector(selector), /unable to parse requirement/);
  });
}
