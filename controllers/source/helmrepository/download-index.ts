import { createHash } from 'node:crypto';
import { deadline } from '#concurrency';
import { type HelmRepository, parseGoDuration } from '#crds';
import { discard, HttpError, readBody, send } from '#http';
import type { SourceAttempt } from '../attempt.ts';
import type { SourceDeps } from '../deps.ts';
import { type HelmAccess, normalRepositoryUrl, openHelmAccess } from '../helm-access.ts';
import { messageOf } from '../secret.ts';

const defaultTimeout = '60s';

export interface DownloadedIndex {
  readonly bytes: Buffer;
  /** Digest of the bytes as they came; what is stored has another. */
  readonly revision: string;
}

/**
 * Downloads the index, whole: repositories rarely answer conditional requests in a way that could be trusted.
 * @throws ReconcileError 'URLInvalid' | 'AuthenticationFailed' | 'Failed'
 */
export async function downloadIndex(
  attempt: SourceAttempt<HelmRepository>,
  deps: SourceDeps,
): Promise<DownloadedIndex> {
  const { spec } = attempt.object;
  const url = indexUrl(attempt);
  let access: HelmAccess;
  try {
    access = await openHelmAccess(attempt.object, deps, attempt.run.signal);
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    throw attempt.failed('FetchFailed', 'AuthenticationFailed', messageOf(error), { cause: error });
  }
  await using held = access;
  using timer = deadline(parseGoDuration(spec.timeout ?? defaultTimeout), attempt.run.signal);
  try {
    const bytes = await download(url, held, deps.helm.indexBytes, timer.signal);
    return { bytes, revision: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
  } catch (error) {
    if (!(error instanceof HttpError) && !(error instanceof IndexRefused)) throw error;
    const message = `failed to fetch Helm repository index: ${error.message}`;
    throw attempt.failed('FetchFailed', 'Failed', message, { cause: error });
  }
}

function indexUrl(attempt: SourceAttempt<HelmRepository>): URL {
  const { url } = attempt.object.spec;
  const invalid = (why: string, cause?: unknown): Error => {
    const message = `invalid Helm repository URL: ${why}`;
    return attempt.failed('FetchFailed', 'URLInvalid', message, { cause, retry: { when: 'specChanges' } });
  };
  if (url.startsWith('oci://')) throw invalid(`'${url}' needs the type 'oci'`);
  try {
    const base = normalRepositoryUrl(url);
    base.username = '';
    base.password = '';
    base.pathname = `${base.pathname}index.yaml`;
    return base;
  } catch (error) {
    throw invalid(`failed to parse '${url}'`, error);
  }
}

class IndexRefused extends Error {}

async function download(url: URL, access: HelmAccess, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const { dispatcher, authorization } = access;
  const answer = await send(url, { dispatcher, authorization, signal });
  if (answer.status !== 200) {
    await discard(answer);
    throw new IndexRefused(`failed to fetch ${url.href} : ${answer.status}`);
  }
  try {
    return await readBody(answer, maxBytes, signal);
  } catch (error) {
    if (!(error instanceof HttpError) || error.code !== 'tooLarge') throw error;
    throw new IndexRefused(`index exceeds the maximum index file size of ${maxBytes} bytes`, { cause: error });
  }
}
