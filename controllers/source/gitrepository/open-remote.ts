import { type GitRemote, openDispatcher, openHttpRemote, openSshRemote, openTunnel, type ProxyOptions } from '#git';
import { ReconcileError } from '#runtime';
import type { Attempt } from './attempt.ts';
import { authOptions, sshAuthOptions } from './auth-options.ts';
import type { Deps } from './deps.ts';
import { hasGitHubApp, readGitHubApp } from './github-app.ts';
import { proxyOf } from './read-proxy.ts';
import { messageOf, readCredentials } from './read-secret.ts';

type SecretData = Readonly<Record<string, string>>;

/** The remote of a GitRepository, and a way to others with the same credentials (its submodules). */
export interface Remotes extends AsyncDisposable {
  readonly remote: GitRemote;
  readonly open: (url: URL) => Promise<GitRemote>;
}

/**
 * The remote, with the credentials of the Secret. Nothing is connected yet, unless a token has to be asked for.
 * @throws ReconcileError 'URLInvalid' | 'AuthenticationFailed' | 'InvalidProviderConfiguration'
 */
export async function openRemotes(attempt: Attempt, deps: Deps): Promise<Remotes> {
  const { url, secretRef, provider } = attempt.repository.spec;
  const proxyFor = await proxyOf(attempt, deps);
  const parsed = parseUrl(attempt, url);
  if (provider === 'github' && secretRef === undefined) {
    const message = 'secretRef with github app data must be specified when provider is set to github';
    throw attempt.fetchFailed('InvalidProviderConfiguration', message, undefined, { when: 'specChanges' });
  }
  let data = secretRef === undefined ? {} : await readCredentials(attempt, secretRef.name, deps);
  checkProvider(attempt, data);
  if (provider === 'github') data = await withGitHubToken(attempt, parsed, data, proxyFor(new URL(parsed)), deps);
  const open = (target: URL, own: SecretData): Promise<GitRemote> => remoteWith(target, own, proxyFor(target), deps);
  try {
    const remote = await open(parsed, data);
    return {
      remote,
      open: (target) => open(target, sharesCredentials(parsed, target) ? data : withoutPassword(data)),
      [Symbol.asyncDispose]: () => remote[Symbol.asyncDispose](),
    };
  } catch (error) {
    const message = `failed to configure authentication options: ${messageOf(error)}`;
    throw attempt.fetchFailed('AuthenticationFailed', message, error);
  }
}

/** A key does not leave this process, so it may be shown anywhere; a password or token goes to the host it was given for. */
function sharesCredentials(from: URL, to: URL): boolean {
  return to.protocol === 'ssh:' || (from.protocol === to.protocol && from.host === to.host);
}

function withoutPassword(data: SecretData): SecretData {
  return Object.fromEntries(
    Object.entries(data).filter(
      ([key]) => !['username', 'password', 'bearerToken', 'tls.crt', 'tls.key'].includes(key),
    ),
  );
}

function checkProvider(attempt: Attempt, data: SecretData): void {
  const { provider = 'generic', secretRef } = attempt.repository.spec;
  if (secretRef === undefined || (provider === 'github') === hasGitHubApp(data)) return;
  const name = `'${attempt.repository.metadata.namespace ?? ''}/${secretRef.name}'`;
  const message =
    provider === 'github'
      ? `secretRef with github app data must be specified when provider is set to github: secret ${name} has none`
      : `secretRef ${name} has github app data but provider is not set to github`;
  throw attempt.fetchFailed('InvalidProviderConfiguration', message, undefined);
}

async function withGitHubToken(
  attempt: Attempt,
  url: URL,
  data: SecretData,
  proxy: ProxyOptions | undefined,
  deps: Pick<Deps, 'dispatcher' | 'githubTokens'>,
): Promise<SecretData> {
  const { tls } = authOptions(Object.fromEntries(Object.entries(data).filter(([key]) => isTls(key))), url);
  const own = openDispatcher({ tls, proxy });
  try {
    const app = readGitHubApp(data);
    const token = await deps.githubTokens.get(app, own ?? deps.dispatcher, attempt.run.signal);
    const rest = Object.entries(data).filter(([key]) => isTls(key));
    return { ...Object.fromEntries(rest), username: 'x-access-token', password: token };
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    if (error instanceof ReconcileError) throw error;
    const message = `failed to configure authentication options: ${messageOf(error)}`;
    throw attempt.fetchFailed('AuthenticationFailed', message, error);
  } finally {
    await own?.destroy();
  }
}

function isTls(key: string): boolean {
  return ['tls.crt', 'tls.key', 'ca.crt', 'caFile'].includes(key);
}

async function remoteWith(
  url: URL,
  data: SecretData,
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
