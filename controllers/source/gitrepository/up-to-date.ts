import type { Artifact, GitRepository, GitRepositorySpec } from '#crds';
import type { Target } from '#git';

/** Whether what is stored was made of this commit, with the inputs that the spec has now. */
export function isUpToDate(
  { spec, status }: GitRepository,
  artifact: Artifact,
  target: Pick<Target, 'revision'>,
  included: readonly Pick<Artifact, 'revision' | 'digest'>[] = [],
): boolean {
  return (
    canonicalRevision(artifact.revision) === target.revision &&
    spec.ignore === status?.observedIgnore && // no text and the empty text differ: the latter keeps the defaults too, but says so
    (spec.recurseSubmodules ?? false) === (status?.observedRecurseSubmodules ?? false) &&
    equalLists(spec.sparseCheckout, status?.observedSparseCheckout) &&
    equalLists(spec.include, status?.observedInclude) &&
    equalLists(included.map(identity), status?.includedArtifacts?.map(identity))
  );
}

function identity({ revision, digest }: Pick<Artifact, 'revision' | 'digest'>): string {
  return `${revision} ${digest}`;
}

/** References whose remote head alone says whether there is something new (source spec 3.1, fast path). */
export function canCompareHeads({ ref }: Pick<GitRepositorySpec, 'ref'>): boolean {
  const isSet = (text: string | undefined): boolean => text !== undefined && text !== '';
  if (isSet(ref?.commit)) return false;
  return isSet(ref?.name) || isSet(ref?.tag) || !isSet(ref?.semver);
}

/** The form before 2023, `main/<commit>`, as what it means. */
export function canonicalRevision(revision: string): string {
  const legacy = /^(.+)\/([0-9a-f]{40})$/.exec(revision);
  return legacy === null ? revision : `${legacy[1]}@sha1:${legacy[2]}`;
}

function equalLists(a: readonly unknown[] = [], b: readonly unknown[] = []): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
