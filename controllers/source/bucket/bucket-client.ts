/** An object in a bucket, as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  /** Without quotes. */
  readonly etag: string;
  readonly sizeBytes: number;
}

/** An object that is being read: the entity tag is that of these very bytes. */
export interface FetchedObject {
  readonly etag: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/** One bucket of one service. Failures are BucketErrors or HttpErrors, whose text is fit for a condition. */
export interface BucketClient {
  exists(signal: AbortSignal): Promise<boolean>;
  /** All objects whose key begins with `prefix`, whatever looks like a folder included. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<ListedObject>;
  /** Undefined when there is no such object (any more). */
  fetch(key: string, signal: AbortSignal): Promise<FetchedObject | undefined>;
}

/** What a service refuses, in its words. */
export class BucketError extends Error {
  override readonly name = 'BucketError';
}

/** Upper bounds of what is taken from a service, in bytes. */
export const mostPageBytes: number = 32 * 1024 * 1024;
export const mostObjectBytes: number = 2 * 1024 ** 3;

export function unquoted(etag: string | undefined): string {
  return (etag ?? '').replace(/^W\//, '').replace(/^"|"$/g, '');
}
