import assert from 'node:assert/strict';
import { test } from 'node:test';
import { supportedAlgorithms, signaturesOf, hostKeyAlgorithms } from './algorithms.ts';
import { AnswerEnd } from './answer-end.ts';
import { KnownHosts } from './known-hosts.ts';

const key = (type: string, text: string): Buffer =>
  Buffer.concat([Buffer.from([0, 0, 0, type.length]), Buffer.from(type), Buffer.from(text)]);
const one = key('ssh-ed25519', 'one');
const two = key('ssh-rsa', 'two');
const line = (hosts: string, blob: Buffer = one): string =>
  `${hosts} ${blob.toString('latin1', 4, 4 + blob.readUInt32BE(0))} ${blob.toString('base64')}`;
// What `ssh-keygen -H` makes of `[git.example]:2222`.
const hashedName = '|1|uira524tVjkiJHTiRKk9pjMrI+Q=|/EG7hBG1JhO2CaUDYRw5N2gzK04=';
const hashedKey = 'AAAAC3NzaC1lZDI1NTE5AAAAIKciCKPBX+4F9+GkdPercGxTeF9jjMJMmQu3ECF/OfBB';

for (const c of [
  { name: 'a plain host', text: line('git.example'), host: 'git.example', port: 22, want: 'known' },
  { name: 'a host in capitals', text: line('Git.Example'), host: 'GIT.example', port: 22, want: 'known' },
  { name: 'one of several hosts', text: line('a,git.example,b'), host: 'git.example', port: 22, want: 'known' },
  { name: 'a port', text: line('[git.example]:2222'), host: 'git.example', port: 2222, want: 'known' },
  { name: 'the usual port, spelled out', text: line('[git.example]:22'), host: 'git.example', port: 22, want: 'known' },
  { name: 'another port', text: line('[git.example]:2222'), host: 'git.example', port: 22, want: 'unknown' },
  { name: 'a plain host on another port', text: line('git.example'), host: 'git.example', port: 2222, want: 'unknown' },
  { name: 'a pattern', text: line('*.example'), host: 'git.example', port: 22, want: 'known' },
  { name: 'a pattern with a mark', text: line('gi?.example'), host: 'git.example', port: 22, want: 'known' },
  { name: 'a pattern that is too short', text: line('*.exampl'), host: 'git.example', port: 22, want: 'unknown' },
  { name: 'an exception', text: line('*.example,!git.example'), host: 'git.example', port: 22, want: 'unknown' },
  { name: 'an exception alone', text: line('!other'), host: 'git.example', port: 22, want: 'unknown' },
  { name: 'another key', text: line('git.example', two), host: 'git.example', port: 22, want: 'mismatch' },
  {
    name: 'one of several keys',
    text: `${line('git.example', two)}\n${line('git.example')}`,
    host: 'git.example',
    port: 22,
    want: 'known',
  },
  {
    name: 'a revoked key',
    text: `${line('git.example')}\n@revoked ${line('*')}`,
    host: 'git.example',
    port: 22,
    want: 'revoked',
  },
  { name: 'an authority', text: `@cert-authority ${line('*')}`, host: 'git.example', port: 22, want: 'unknown' },
  { name: 'comments', text: `# x\n\n  ${line('git.example')} me@x\r\n`, host: 'git.example', port: 22, want: 'known' },
  { name: 'another hashed host', text: line(hashedName), host: 'other.example', port: 22, want: 'unknown' },
]) {
  test(`known_hosts with ${c.name}: ${c.want}`, () => {
    assert.equal(new KnownHosts(c.text).check(c.host, c.port, one), c.want);
  });
}

for (const [text, message] of [
  ['git.example', /^line 1 is incomplete/],
  ['\n@what git.example ssh-rsa AAAA', /^line 2 has the marker "@what"/],
  [`git.example ssh-rsa ${one.toString('base64')}`, /^line 1 holds no ssh-rsa key$/],
  ['git.example ssh-rsa %%%', /^line 1 holds no ssh-rsa key$/],
  [line('|2|a|b'), /^line 1 has a hashed host/],
] as const) {
  test(`known_hosts refuses ${JSON.stringify(text)}`, () => assert.throws(() => new KnownHosts(text), { message }));
}

test('known_hosts reads what ssh-keygen has hashed', () => {
  const hosts = new KnownHosts(`${hashedName} ssh-ed25519 ${hashedKey}`);
  const shown = Buffer.from(hashedKey, 'base64');
  assert.equal(hosts.check('Git.example', 2222, shown), 'known');
  assert.equal(hosts.check('git.example', 2222, one), 'mismatch');
  assert.equal(hosts.check('git.example', 22, shown), 'unknown');
});

test('the keys of a host say what to ask it for', () => {
  const hosts = new KnownHosts(`${line('git.example', two)}\n${line('git.example')}\n${line('other')}`);
  assert.deepEqual(hosts.keyTypes('git.example', 22), ['ssh-rsa', 'ssh-ed25519']);
  assert.deepEqual(signaturesOf(['ssh-rsa']), ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']);
  assert.deepEqual(signaturesOf(['ssh-dss']), []);
});

test('algorithms that are not spoken are left out, unless none is left', () => {
  assert.deepEqual(supportedAlgorithms([], hostKeyAlgorithms), []);
  assert.deepEqual(supportedAlgorithms(['x', 'ssh-rsa', 'ssh-ed25519'], hostKeyAlgorithms), ['ssh-rsa', 'ssh-ed25519']);
  assert.throws(() => supportedAlgorithms(['x'], hostKeyAlgorithms), /cannot use SSH algorithms "x"/);
});

test('an answer ends at its flush packet, wherever the pieces are cut', () => {
  const answer = Buffer.from('0008abcd00010006ab0000');
  for (let size = 1; size <= answer.length; size++) {
    const end = new AnswerEnd();
    for (let at = 0; at < answer.length; at += size) {
      assert.equal(end.reached, false);
      end.push(answer.subarray(at, at + size));
    }
    assert.equal(end.reached, true);
  }
});
