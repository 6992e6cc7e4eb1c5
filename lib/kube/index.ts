export { type KubeClientOptions, openKubeClient, type SeenRequest } from './client.ts';
export type * from './contract.ts';
export type { ClusterAccess, ForeignKubeConfig } from './credentials.ts';
export {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  KubeApiError,
  KubeConnectionError,
  type NoConnection,
  NoMatchError,
  type Status,
  type StatusDetails,
} from './errors.ts';
export { equalJson, mergePatch } from './merge-patch.ts';
export {
  collectionPath,
  formatApiVersion,
  gvkOf,
  keyString,
  objectKey,
  parseApiVersion,
  resourcePath,
} from './names.ts';
export type { RateLimit } from './rate-limit.ts';
export { createRestMapper } from './rest-mapper.ts';
export { watchResource } from './watch.ts';
