export { findCredentials, type RegistryCredentials } from './credentials.ts';
export { type Descriptor, type Index, type Manifest } from './manifest.ts';
export { OciError, type OciErrorCode } from './oci-error.ts';
export { digestPattern, formatReference, parseOciUrl, type RepositoryName, tagPattern } from './reference.ts';
export { type FetchedManifest, Repository, type RepositoryOptions } from './registry.ts';
export { parsePublicKey, verifyCosign } from './cosign.ts';
