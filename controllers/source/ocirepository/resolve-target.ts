import type { OCIRepository, OCIRepositoryRef } from '#crds';
import { GitError, highestInRange } from '#git';
import { digestPattern, formatReference, OciError, type Repository, tagPattern } from '#oci';
import { RE2JS } from 're2js';
import type { SourceAttempt } from '../attempt.ts';
import { ociFailure, operationDeadline } from './oci-failure.ts';

/** What a reference means right now. */
export interface Target {
  /** As in status: `<tag>@sha256:<hex>`, or the digest alone where the spec pins it. */
  readonly revision: string;
  readonly digest: string;
}

/** Tags cannot hold a plus sign, so charts are pushed with an underscore in its place. */
const chartLayer = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

/**
 * Which manifest the spec means. Nothing is pulled for that.
 * @throws ReconcileError 'ReadOperationFailed' | 'OCIArtifactPullFailed'
 */
export async function resolveTarget(attempt: SourceAttempt<OCIRepository>, repository: Repository): Promise<Target> {
  const { spec } = attempt.object;
  const ref = spec.ref ?? {};
  using timer = operationDeadline(attempt);
  if (isSet(ref.digest)) return pinned(attempt, ref.digest);
  let tag: string;
  try {
    tag = await pickTag(ref, spec.layerSelector?.mediaType, repository, timer.signal);
  } catch (error) {
    throw ociFailure(attempt, 'ReadOperationFailed', `failed to determine the artifact tag for '${spec.url}'`, error);
  }
  try {
    const digest = await repository.resolve(tag, timer.signal);
    return { revision: `${tag}@${digest}`, digest };
  } catch (error) {
    const what = `failed to determine artifact digest of '${formatReference(repository.name, tag)}'`;
    throw ociFailure(attempt, 'OCIArtifactPullFailed', what, error);
  }
}

function pinned(attempt: SourceAttempt<OCIRepository>, digest: string): Target {
  if (digestPattern.test(digest)) return { revision: digest, digest };
  const message = `failed to determine artifact digest: "${digest}" is no digest, expected sha256:<64 hex digits>`;
  throw attempt.failed('FetchFailed', 'OCIArtifactPullFailed', message);
}

async function pickTag(
  ref: OCIRepositoryRef,
  mediaType: string | undefined,
  repository: Repository,
  signal: AbortSignal,
): Promise<string> {
  if (isSet(ref.semver)) {
    const tags = await repository.listTags(signal);
    return highestTag(tags, ref.semver, ref.semverFilter, mediaType === chartLayer);
  }
  const tag = isSet(ref.tag) ? ref.tag : 'latest';
  if (!tagPattern.test(tag)) throw new OciError('badReference', `"${tag}" is no tag`);
  return tag;
}

/**
 * The tag with the highest version in a range.
 * @param isChart versions of charts have their plus sign written as underscore in tags
 * @throws OciError for a range or filter that does not parse, and when nothing is in the range
 */
export function highestTag(
  tags: readonly string[],
  range: string,
  filter: string | undefined,
  isChart: boolean,
): string {
  const matches = isSet(filter) ? compileFilter(filter) : () => true;
  const versions = tags.filter(matches).map((tag) => (isChart ? tag.replaceAll('_', '+') : tag));
  let best: string | undefined;
  try {
    // Equal versions differ in build metadata only; any fixed order will do.
    best = highestInRange(versions, range)
      .map(({ tag }) => tag)
      .toSorted()
      .at(-1);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new OciError('badReference', error.message, { cause: error });
  }
  if (best === undefined) throw new OciError('notFound', `no match found for semver: ${range}`);
  return isChart ? best.replaceAll('+', '_') : best;
}

function compileFilter(filter: string): (tag: string) => boolean {
  try {
    const pattern = RE2JS.compile(filter);
    return (tag) => pattern.matcher(tag).find();
  } catch (error) {
    throw new OciError('badReference', `failed to compile semverFilter '${filter}': it is no regular expression`, {
      cause: error,
    });
  }
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
