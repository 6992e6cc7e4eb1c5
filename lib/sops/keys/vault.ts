import { request } from 'undici';
import { SopsError } from '../error.ts';
import type { MasterKey } from '../metadata.ts';

export type VaultKey = Extract<MasterKey, { kind: 'hc_vault' }>;

/** The token for a server, or undefined. The address comes from the document, so from whoever wrote it. */
export type VaultToken = (address: string) => string | undefined;

const timeoutMs = 10_000;
const maxAnswerBytes = 64 * 1024;

/**
 * Lets the transit engine of Vault or OpenBao open a data key. Redirects are not followed: the token is for one server only.
 * @throws SopsError 'noKey'
 */
export async function decryptWithVault(
  key: VaultKey,
  token: VaultToken,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const failed = (problem: string, cause?: unknown): SopsError =>
    new SopsError('noKey', `failed to decrypt the data key with Vault: ${problem}`, { cause });
  const url = urlOf(key);
  if (url === undefined) throw failed('its address is no http or https URL');
  const secret = token(key.address);
  if (secret === undefined) throw failed('there is no token, expected sops.vault-token in the decryption Secret');
  const timeout = AbortSignal.timeout(timeoutMs);
  let status: number;
  let text: string;
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'x-vault-token': secret, 'x-vault-request': 'true', 'content-type': 'application/json' },
      body: JSON.stringify({ ciphertext: key.encrypted }),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    status = answer.statusCode;
    text = await limited(answer.body);
  } catch (error) {
    signal?.throwIfAborted();
    throw failed(timeout.aborted ? `no answer in ${timeoutMs / 1000} s` : 'it cannot be reached', error);
  }
  if (status !== 200) throw failed(`it answered ${status}`);
  const plain = plaintextOf(text);
  if (plain === undefined) throw failed('its answer has no plaintext');
  return plain;
}

function urlOf({ address, enginePath, keyName }: VaultKey): URL | undefined {
  if (!URL.canParse(address)) return undefined;
  const base = new URL(address);
  if (base.protocol !== 'https:' && base.protocol !== 'http:') return undefined;
  const segments = [...base.pathname.split('/'), 'v1', ...enginePath.split('/'), 'decrypt', keyName];
  if (segments.some((segment) => segment === '.' || segment === '..')) return undefined;
  return new URL(
    `/${segments
      .filter((segment) => segment !== '')
      .map(encodeURIComponent)
      .join('/')}`,
    base,
  );
}

async function limited(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new RangeError(`the answer is longer than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function plaintextOf(text: string): Uint8Array | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  const data = fieldOf(answer, 'data');
  const plaintext = fieldOf(data, 'plaintext');
  return typeof plaintext === 'string' ? Buffer.from(plaintext, 'base64') : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
