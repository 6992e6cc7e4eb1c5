import { type Artifact, eventMetadata } from '#crds';

const originRevisionKey = 'org.opencontainers.image.revision';

/** Revision of the code that an artifact says it was made from, as a pushed OCI image does. */
export function originRevisionOf(artifact: Artifact): string | undefined {
  const origin = artifact.metadata?.[originRevisionKey];
  return origin === '' ? undefined : origin;
}

/** What every event of a run says about its source, and each history entry too. */
export function revisionMetadata(artifact: Artifact): Readonly<Record<string, string>> {
  const origin = originRevisionOf(artifact);
  return {
    [eventMetadata.revision]: artifact.revision,
    ...(origin === undefined ? {} : { [eventMetadata.originRevision]: origin }),
  };
}
