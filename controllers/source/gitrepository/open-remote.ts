import { type GitRemote, openHttpRemote, openSshRemote, openTunnel, type ProxyOptions } from '#git';
import type { Attempt } from './attempt.ts';
import { authOptions, sshAuthOptions } from './auth-options.ts';
import type { Deps } from './deps.ts';
import { proxyOf } from './read-proxy.ts';
import { messageOf, readCredentials } from './read-secret.ts';

/**
 * The remote, with the credentials of the Secret. Nothing is connected yet.
 * @throws ReconcileError 'URLInvalid' | 'AuthenticationFailed'
 */
export async function openRemote(attempt: Attempt, deps: Deps): Promise<GitRemote> {
  const { url, secretRef } = attempt.repository.spec;
  const proxyFor = await proxyOf(attempt, deps);
  const parsed = parseUrl(attempt, url);
  const data = secretRef === undefined ? {} : await readCredentials(attempt, secretRef.name, deps);
  try {
    return await remoteWith(parsed, data, proxyFor(parsed), deps);
  } catch (error) {
    const message = `failed to configure authentication options: ${messageOf(error)}`;
    throw attempt.fetchFailed('AuthenticationFailed', message, error);
  }
}

async function remoteWith(
  url: URL,
  data: Readonly<Record<string, string>>,
  proxy: ProxyOptions | undefined,
  deps: Pick<Deps, 'dispatcher' | 'ssh' | 'temporaryDir'>,
): Promise<GitRemote> {
  const limits = { dir: deps.temporaryDir };
  if (url.protocol === 'ssh:') {
    const auth = await sshAuthOptions(data);
    const tunnel = proxy === undefined ? undefined : openTunnel(proxy);
    return openSshRemote({ url: url.href, ...auth, ...deps.ssh, tunnel }, limits);
  }
  return openHttpRemote({ url: url.href, ...authOptions(data, url), proxy, dispatcher: deps.dispatcher }, limits);
}

function parseUrl(attempt: Attempt, text: string): URL {
  const invalid = (why: string, cause?: unknown): Error => {
    const shown = text.replace(/\/\/[^/@]*@/, '//');
    const message = `failed to parse url '${shown}': parse "${shown}": ${why}`;
    return attempt.fetchFailed('URLInvalid', message, cause, { when: 'specChanges' });
  };
  let url: URL;
  try {
    url = new URL(text);
    decodeURIComponent(url.username + url.password);
    if (url.protocol === 'ssh:') decodeURIComponent(url.pathname);
  } catch (error) {
    throw invalid('invalid URL', error);
  }
  if (!['http:', 'https:', 'ssh:'].includes(url.protocol)) {
    throw invalid(`unsupported scheme "${url.protocol.slice(0, -1)}"`);
  }
  if (url.hostname === '') throw invalid('missing host');
  return url;
}
