import { kinds } from '#crds';
import { parseApiVersion, type Resource, type RestMapper } from '#kube';

/** API version of the kinds that a Receiver or an Alert may name without one (spec section 7, target selection). */
const defaultApiVersions: Readonly<Record<string, string>> = {
  Bucket: 'source.toolkit.fluxcd.io/v1',
  GitRepository: 'source.toolkit.fluxcd.io/v1',
  HelmChart: 'source.toolkit.fluxcd.io/v1',
  HelmRepository: 'source.toolkit.fluxcd.io/v1',
  OCIRepository: 'source.toolkit.fluxcd.io/v1',
  ImageRepository: 'image.toolkit.fluxcd.io/v1',
  ArtifactGenerator: 'source.extensions.fluxcd.io/v1beta1',
};

/** @throws Error when the kind needs an API version, NoMatchError when the cluster does not serve it */
export async function resolveTarget(
  mapper: RestMapper,
  kind: string,
  apiVersion: string | undefined,
): Promise<Resource> {
  const version = apiVersion === undefined || apiVersion === '' ? defaultApiVersions[kind] : apiVersion;
  if (version === undefined) throw new Error(`apiVersion must be specified for kind '${kind}'`);
  const known = Object.values(kinds).find((candidate) => candidate.kind === kind && candidate.apiVersion === version);
  return known ?? mapper.resourceFor({ ...parseApiVersion(version), kind });
}
