import { SopsError } from './error.ts';
import type { MasterKey, Metadata } from './metadata.ts';
import { combineShares } from './shamir.ts';

/** Opens what was encrypted with a master key. */
export interface KeyRing {
  /** @throws SopsError 'noKey' when it has no key for that */
  unwrap(key: MasterKey, signal: AbortSignal | undefined): Promise<Uint8Array>;
}

interface Attempt {
  readonly key: MasterKey;
  readonly problem: string;
}

/**
 * The key that a document's values are encrypted with: that of its group, or put together from the shares of several groups.
 * @throws SopsError 'noKey', with what each key of each group failed at
 */
export async function dataKeyOf(
  { groups, threshold }: Metadata,
  ring: KeyRing,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const wanted = groups.length === 1 ? 1 : threshold > 0 ? threshold : groups.length;
  const parts: Uint8Array[] = [];
  const failures: (readonly Attempt[] | undefined)[] = [];
  for (const group of groups) {
    if (parts.length >= wanted) break;
    const part = await openGroup(group, ring, signal);
    if (part instanceof Uint8Array) parts.push(part);
    failures.push(part instanceof Uint8Array ? undefined : part);
  }
  const [first] = parts;
  if (first === undefined || parts.length < wanted) throw new SopsError('noKey', failureText(failures, groups, wanted));
  return groups.length === 1 ? first : combineShares(parts);
}

async function openGroup(
  group: readonly MasterKey[],
  ring: KeyRing,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | readonly Attempt[]> {
  const attempts: Attempt[] = [];
  for (const key of group) {
    signal?.throwIfAborted();
    try {
      return await ring.unwrap(key, signal);
    } catch (error) {
      if (!(error instanceof SopsError)) throw error;
      attempts.push({ key, problem: error.message });
    }
  }
  return attempts;
}

/** How SOPS calls a key in its messages. */
export function nameOf(key: MasterKey): string {
  switch (key.kind) {
    case 'age':
      return key.recipient;
    case 'pgp':
      return key.fingerprint;
    case 'hc_vault':
      return `${key.address}/v1/${key.enginePath}/keys/${key.keyName}`;
    case 'kms':
    case 'gcp_kms':
    case 'azure_kv':
    case 'hckms':
      return key.name;
  }
}

/** In the shape that SOPS prints: people look for its first sentence. */
function failureText(
  failures: readonly (readonly Attempt[] | undefined)[],
  groups: readonly unknown[],
  wanted: number,
): string {
  const texts = failures.map((attempts, index) => {
    if (attempts === undefined) return `Group ${index}: SUCCESS`;
    const lines = attempts.map(({ key, problem }) => `  ${nameOf(key)}: FAILED\n    - | ${problem}`);
    return [`Group ${index}: FAILED`, ...lines].join('\n');
  });
  const got = failures.filter((attempts) => attempts === undefined).length;
  const end =
    groups.length === 1
      ? 'Recovery failed because no master key was able to decrypt the file.'
      : `Recovery failed because ${wanted} of ${groups.length} parts of the data key are needed, but only ${got} could be recovered.`;
  return `Failed to get the data key required to decrypt the SOPS file.\n\n${texts.join('\n\n')}\n\n${end}`;
}
