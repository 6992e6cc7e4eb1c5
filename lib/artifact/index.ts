export { advertisedAddress, artifactUrl } from './address.ts';
export { gzipBytes, type TarEntry, tarBytes, tarModes } from './archive.ts';
export { ArtifactError, type ArtifactErrorCode } from './artifact-error.ts';
export {
  type ArtifactCache,
  type ArtifactCacheOptions,
  type ArtifactRequest,
  openArtifactCache,
  type UnpackedArtifact,
} from './cache.ts';
export {
  createHasher,
  digestAlgorithms,
  type DigestParts,
  formatDigest,
  type Hasher,
  isDigestAlgorithm,
  readDigest,
} from './digest.ts';
export { type ArtifactLocation, type FetchOptions, fetchArtifact } from './fetch.ts';
export { type FileServer, type FileServerOptions, startFileServer } from './file-server.ts';
export { type Retention, type StoredFile, selectGarbage } from './retention.ts';
export { ArtifactStore, type Owner, type StoredArtifact, type StoreOptions } from './store.ts';
export { readTar, type TarEntryType, type TarReadEntry } from './tar-reader.ts';
export { type UnpackLimits, unpackTarGz } from './unpack.ts';
