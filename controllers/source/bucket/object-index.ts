import { createHasher, type DigestParts, formatDigest } from '#artifact';

/** Which objects an archive is made of: keys with the entity tag of the content. */
export type ObjectIndex = Map<string, string>;

/** The revision of an index: a digest over `<key> <etag>` lines in the order of the keys' bytes (source spec 3.3). */
export function indexRevision(index: ReadonlyMap<string, string>, algorithm: DigestParts['algorithm']): string {
  const hasher = createHasher(algorithm);
  const keys = [...index.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const key of keys) hasher.update(Buffer.from(`${key} ${index.get(key) ?? ''}\n`, 'utf8'));
  return formatDigest({ algorithm, hex: hasher.digest() });
}
