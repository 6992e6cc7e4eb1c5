import { createSecureContext } from 'node:tls';
import { type Credentials, KnownHosts, readSshIdentity, type SshIdentity, type TlsOptions } from '#git';

/** What a Secret says about reaching a Git server over HTTP. */
export interface AuthOptions {
  readonly credentials?: Credentials;
  readonly tls?: TlsOptions;
}

/**
 * Reads the data of a Secret (source spec 2.8): a bearer token wins over user and password, `ca.crt` over the older `caFile`.
 * @param url whose userinfo fills the gaps
 * @throws Error with a text fit for a condition; it holds no value of the Secret
 */
export function authOptions(data: Readonly<Record<string, string>>, url: URL): AuthOptions {
  const credentials = credentialsOf(data, url);
  const tls = tlsOf(data);
  return { ...(credentials !== undefined && { credentials }), ...(tls !== undefined && { tls }) };
}

/** What a Secret says about reaching a Git server over SSH. */
export interface SshAuthOptions {
  readonly identity: SshIdentity;
  readonly knownHosts: KnownHosts;
}

/**
 * Reads the data of a Secret for SSH: a key to log in with, and the hosts to trust. Both are mandatory.
 * @throws Error with a text fit for a condition; it holds no value of the Secret
 */
export async function sshAuthOptions(data: Readonly<Record<string, string>>): Promise<SshAuthOptions> {
  const { identity = '', known_hosts: hosts = '', password } = data;
  for (const [key, value] of Object.entries({ identity, known_hosts: hosts })) {
    if (value.trim() === '') throw new Error(`invalid 'ssh' auth option: '${key}' is required`);
  }
  let knownHosts: KnownHosts;
  try {
    knownHosts = new KnownHosts(hosts);
  } catch (error) {
    throw new Error(`invalid 'ssh' auth option: 'known_hosts' ${messageOf(error)}`, { cause: error });
  }
  try {
    return { identity: await readSshIdentity(identity, password), knownHosts };
  } catch (error) {
    throw new Error(`invalid 'ssh' auth option: ${messageOf(error)}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function credentialsOf(data: Readonly<Record<string, string>>, url: URL): Credentials | undefined {
  const bearer = data['bearerToken'];
  if (bearer !== undefined) {
    if (/[\r\n]/.test(bearer.trim()))
      throw new Error("invalid 'http' auth option: 'bearerToken' has more than one line");
    return { kind: 'bearer', token: bearer.trim() };
  }
  const username = data['username'] ?? '';
  const password = data['password'] ?? '';
  if (password !== '' && username === '' && url.username === '') {
    throw new Error("invalid 'http' auth option: 'password' requires 'username' to be set");
  }
  return username === '' && password === '' ? undefined : { kind: 'basic', username, password };
}

function tlsOf(data: Readonly<Record<string, string>>): TlsOptions | undefined {
  const ca = data['ca.crt'] ?? data['caFile'];
  const cert = data['tls.crt'];
  const key = data['tls.key'];
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error("invalid 'tls' auth option: 'tls.crt' and 'tls.key' must be set together");
  }
  if (ca === undefined && cert === undefined) return undefined;
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error("invalid 'tls' auth option: 'ca.crt' holds no certificate");
  }
  const tls: TlsOptions = { ca, cert, key };
  try {
    createSecureContext({
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
  } catch {
    // The library's text may quote the input.
    throw new Error("invalid 'tls' auth option: the certificates or the key cannot be read");
  }
  return tls;
}
