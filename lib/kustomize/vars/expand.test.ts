import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScalarNode } from '../yaml/index.ts';
import { expand } from './expand.ts';

const three = new ScalarNode('3', '!!int');
const mapping = (name: string): ScalarNode | undefined => (name === 'N' ? three : undefined);

for (const { text, want } of [
  { text: '$(N)', want: three },
  { text: 'a$(N)b$(N)', want: 'a3b3' },
  { text: '$$(N)', want: '$(N)' },
  { text: '$(OTHER)', want: '$(OTHER)' },
  { text: '$(N', want: '$(N' },
  { text: '$N $', want: '$N $' },
]) {
  test(`expand ${text}`, () => assert.equal(expand(text, mapping), want));
}
