/** A file in an object's folder of the store. */
export interface StoredFile {
  readonly path: string;
  readonly modifiedAt: Date;
  /** What `status.artifact` points at. */
  readonly current: boolean;
}

export interface Retention {
  /** Age past which a file that is not current goes. */
  readonly ttlMs: number;
  /** Ceiling, not floor: past their time all but the current go. */
  readonly records: number;
}

/**
 * Which files to delete: first all that are too old, then the oldest of what remains above `records`; never the current one
 * (source spec 2.5). The age counts from the time a file was written, so that what was replaced a moment ago can still be read.
 */
export function selectGarbage(files: readonly StoredFile[], keep: Retention, now: Date): readonly StoredFile[] {
  const tooOld = (file: StoredFile): boolean => now.getTime() - file.modifiedAt.getTime() > keep.ttlMs;
  const expired = files.filter((file) => !file.current && tooOld(file));
  const oldestFirst = files
    .filter((file) => file.current || !tooOld(file))
    .toSorted((a, b) => a.modifiedAt.getTime() - b.modifiedAt.getTime());
  const surplus = Math.max(0, oldestFirst.length - keep.records);
  return [...expired, ...oldestFirst.filter((file) => !file.current).slice(0, surplus)];
}
