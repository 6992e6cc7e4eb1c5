import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type ExpectedToken, OidcVerifier } from './oidc-verifier.ts';
import { WebhookRefused } from './webhook.ts';

const issuer = 'https://issuer.example';
const expected: ExpectedToken = { issuers: [issuer], audience: 'us' };
const now = 1_800_000_000_000;
const seconds = now / 1000;

async function issuerOf(kid: string): Promise<{
  readonly jwk: object;
  sign(claims?: object, alg?: string): Promise<string>;
}> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' },
    sign: (claims = {}) =>
      new SignJWT({ iss: issuer, aud: 'us', exp: seconds + 60, sub: 'me', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid })
        .sign(privateKey),
  };
}

/** An issuer's pages, with how often each was read. */
function pages(keys: () => readonly object[], document: object = { issuer, jwks_uri: `${issuer}/keys` }) {
  const reads: string[] = [];
  return {
    reads,
    read: (url: string): Promise<unknown> => {
      reads.push(url.replace(issuer, ''));
      return Promise.resolve(url.endsWith('/keys') ? { keys: keys() } : document);
    },
  };
}

test('a token is verified by the keys that its issuer publishes, which are asked for once', async () => {
  const { jwk, sign } = await issuerOf('a');
  const { read, reads } = pages(() => [jwk]);
  const verifier = new OidcVerifier(read, () => now);
  assert.equal((await verifier.claims(await sign(), expected))['sub'], 'me');
  await verifier.claims(await sign({ aud: ['other', 'us'] }), expected);
  assert.deepEqual(reads, ['/.well-known/openid-configuration', '/keys']);
});

const { jwk, sign } = await issuerOf('a');
const stranger = await issuerOf('a');
const symmetric = await new SignJWT({ iss: issuer, aud: 'us', exp: seconds + 60 })
  .setProtectedHeader({ alg: 'HS256', kid: 'a' })
  .sign(new TextEncoder().encode(JSON.stringify(jwk)));
const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await sign()).split('.')[1]}.`;
for (const [name, token] of [
  ['expired', await sign({ exp: seconds - 1 })],
  ['without an end', await sign({ exp: undefined })],
  ['not valid yet', await sign({ nbf: seconds + 60 })],
  ['for another audience', await sign({ aud: 'them' })],
  ['of another issuer', await sign({ iss: 'https://other.example' })],
  ['signed by another key of the same name', await stranger.sign()],
  [
    'changed after it was signed',
    (await sign()).replace(/\.[^.]+\./, `.${(await sign({ sub: 'root' })).split('.')[1]}.`),
  ],
  ['signed with the public key as a secret', symmetric],
  ['not signed', unsigned],
  ['no token', 'x.y.z'],
] as const) {
  test(`a token that is ${name} is refused, and not shown`, async () => {
    const verifier = new OidcVerifier(pages(() => [jwk]).read, () => now);
    await assert.rejects(
      verifier.claims(token, expected),
      (error: Error) => error instanceof WebhookRefused && !error.message.includes(token),
    );
  });
}

test('new keys are asked for when a token names one, but not for every such token', async () => {
  const [old, fresh] = [await issuerOf('old'), await issuerOf('fresh')];
  let keys = [old.jwk];
  let time = now;
  const { read, reads } = pages(() => keys);
  const verifier = new OidcVerifier(read, () => time);
  await verifier.claims(await old.sign(), expected);
  keys = [old.jwk, fresh.jwk];
  await assert.rejects(verifier.claims(await fresh.sign(), expected), WebhookRefused);
  assert.equal(reads.length, 2);
  time += 10_000;
  await verifier.claims(await fresh.sign(), expected);
  assert.equal(reads.length, 4);
});

test('an issuer that cannot be asked, or names another, is refused, and asked again', async () => {
  let isDown = true;
  const { read } = pages(() => [jwk]);
  const verifier = new OidcVerifier(
    (url) => (isDown ? Promise.reject(new Error('down')) : read(url)),
    () => now,
  );
  await assert.rejects(verifier.claims(await sign(), expected), /unable to verify the OIDC token: down/);
  isDown = false;
  await verifier.claims(await sign(), expected);
  const liar = new OidcVerifier(
    pages(() => [jwk], { issuer: 'https://x', jwks_uri: `${issuer}/keys` }).read,
    () => now,
  );
  await assert.rejects(liar.claims(await sign(), expected), /names another issuer/);
});
