import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that the components share. Written once per data folder, so that a restart keeps all tokens valid. */
export interface Credentials {
  /** Signs and verifies ServiceAccount tokens. */
  readonly serviceAccountKeyPath: string;
  /** The API server's static token file; its one user is in `system:masters`. */
  readonly tokenFilePath: string;
  /** The bearer token of that user. */
  readonly token: string;
}

export async function writeCredentials(dir: string): Promise<Credentials> {
  const serviceAccountKeyPath = join(dir, 'service-account.key');
  const tokenFilePath = join(dir, 'tokens.csv');
  const kept = await readFile(tokenFilePath, 'utf8').catch(() => undefined);
  if (kept !== undefined) return { serviceAccountKeyPath, tokenFilePath, token: kept.slice(0, kept.indexOf(',')) };

  // An elliptic curve key because it is made at once; RSA takes up to a second.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = privateKey.export({ type: 'sec1', format: 'pem' });
  const token = randomBytes(24).toString('hex');
  await writeFile(serviceAccountKeyPath, key, { mode: 0o600 });
  await writeFile(tokenFilePath, `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  return { serviceAccountKeyPath, tokenFilePath, token };
}

/** A kubeconfig with one cluster, one user and one context, each called `name`. It is JSON, which is YAML too. */
export function kubeconfig(access: {
  readonly name: string;
  readonly url: string;
  readonly ca: Buffer;
  readonly token: string;
  readonly namespace?: string;
}): string {
  const { name, url, ca, token, namespace } = access;
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server: url, 'certificate-authority-data': ca.toString('base64') } }],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: name, ...(namespace !== undefined && { namespace }) } }],
    },
    undefined,
    2,
  )}\n`;
}
