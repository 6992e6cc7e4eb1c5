export { type Checkout, checkOut, type Reference, resolveReference, type Target } from './checkout.ts';
export { GitError, type GitErrorCode } from './git-error.ts';
export type { Credentials, HttpOptions, TlsOptions } from './http-connection.ts';
export type { Commit } from './object.ts';
export type { PackRequest, RemoteRef } from './protocol.ts';
export { type FetchLimits, type GitRemote, openHttpRemote } from './remote.ts';
export type { Snapshot } from './snapshot.ts';
export { type TreeFile, treeFiles } from './tree-files.ts';
