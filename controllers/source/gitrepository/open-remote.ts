import { type GitRemote, openHttpRemote } from '#git';
import { isNotFound, type Resource } from '#kube';
import type { Attempt } from './attempt.ts';
import { authOptions, type AuthOptions } from './auth-options.ts';
import type { Deps } from './deps.ts';

const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

/**
 * The remote, with the credentials of the Secret. Nothing is connected yet.
 * @throws ReconcileError 'URLInvalid' | 'AuthenticationFailed'
 */
export async function openRemote(attempt: Attempt, deps: Deps): Promise<GitRemote> {
  const { url, secretRef } = attempt.repository.spec;
  const parsed = parseUrl(attempt, url);
  const data = secretRef === undefined ? {} : await readSecret(attempt, secretRef.name, deps);
  let options: AuthOptions;
  try {
    options = authOptions(data, parsed);
  } catch (error) {
    const message = `failed to configure authentication options: ${messageOf(error)}`;
    throw attempt.fetchFailed('AuthenticationFailed', message, error);
  }
  return openHttpRemote({ url, ...options, dispatcher: deps.dispatcher }, { dir: deps.temporaryDir });
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
  } catch (error) {
    throw invalid('invalid URL', error);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalid(`unsupported scheme "${url.protocol.slice(0, -1)}"`);
  }
  return url;
}

async function readSecret(
  attempt: Attempt,
  name: string,
  deps: Pick<Deps, 'client'>,
): Promise<Readonly<Record<string, string>>> {
  const namespace = attempt.repository.metadata.namespace ?? '';
  try {
    const secret = await deps.client.get(secrets, { namespace, name }, { signal: attempt.run.signal });
    return decodeData(secret['data']);
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    // Flux says it twice, and people's alerts match on its words.
    const prefix = `failed to get secret '${namespace}/${name}'`;
    const why = isNotFound(error) ? `secrets "${name}" not found` : messageOf(error);
    throw attempt.fetchFailed('AuthenticationFailed', `${prefix}: ${prefix}: ${why}`, error);
  }
}

function decodeData(data: unknown): Readonly<Record<string, string>> {
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
