import assert from 'node:assert/strict';
import { test } from 'node:test';
import { narrator } from './narrator.ts';

function recorder(terminal: boolean): {
  readonly text: () => string;
  readonly tell: ReturnType<typeof narrator>;
  readonly advance: (ms: number) => void;
} {
  let text = '';
  let clock = 0;
  const out = { write: (part: string) => (text += part) };
  return {
    text: () => text,
    tell: narrator({ out, terminal, now: () => clock }),
    advance: (ms) => void (clock += ms),
  };
}

test('a log has numbered steps, their duration when it is long, and no escapes', async () => {
  const { tell, text, advance } = recorder(false);
  await tell.step('Quick', async () => tell.say('done'));
  await tell.step('Slow', async () => {
    tell.progress('building … 5 s');
    advance(5_000);
    tell.quote('one\ntwo\n');
  });
  assert.equal(text(), '\n1. Quick\n   done\n\n2. Slow\n   building … 5 s\n     one\n     two\n   (5.0 s)\n');
});

test('on a terminal progress is replaced by what follows', async () => {
  const { tell, text } = recorder(true);
  await tell.step('Step', async () => {
    tell.progress('half');
    tell.say('whole');
  });
  assert.ok(text().endsWith('half\x1b[0m\r\x1b[K   whole\n'));
});

test('a step that fails cleans its progress away', async () => {
  const { tell, text } = recorder(true);
  const failing = tell.step('Step', () => {
    tell.progress('half');
    return Promise.reject(new Error('no'));
  });
  await assert.rejects(failing, /no/);
  assert.ok(text().endsWith('\r\x1b[K'));
});
