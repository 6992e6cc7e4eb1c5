import { SopsError } from './error.ts';
import type { SelectionRule } from './selection.ts';
import { Branch, List, type Value } from './tree.ts';

/** One of the keys that a document's data key, or a share of it, is encrypted with. */
export type MasterKey =
  | { readonly kind: 'age'; readonly recipient: string; readonly encrypted: string }
  | { readonly kind: 'pgp'; readonly fingerprint: string; readonly encrypted: string }
  | {
      readonly kind: 'hc_vault';
      readonly address: string;
      readonly enginePath: string;
      readonly keyName: string;
      readonly encrypted: string;
    }
  | { readonly kind: 'kms' | 'gcp_kms' | 'azure_kv' | 'hckms'; readonly name: string };

export interface Metadata {
  /** Several groups hold a share of the data key each. Within a group any key will do. */
  readonly groups: readonly (readonly MasterKey[])[];
  /** Shares that are needed where there are several groups; 0: all of them. */
  readonly threshold: number;
  readonly rule: SelectionRule;
}

/** A hostile document may list any number of keys, each of which costs a decryption or a request. */
const maxKeys = 1000;

/**
 * Reads the `sops` block of a document.
 * @throws SopsError 'malformed'
 */
export function readMetadata(block: Branch): Metadata {
  const single = keysOf(block);
  const groups = single.length > 0 ? [single] : branchesOf(block.get('key_groups')).map(keysOf);
  const count = groups.reduce((sum, group) => sum + group.length, 0);
  if (count === 0) throw malformed('no keys found in the file');
  if (count > maxKeys) throw malformed(`it lists ${count} keys, expected at most ${maxKeys}`);
  return { groups, threshold: thresholdOf(block.get('shamir_threshold')), rule: ruleOf(block) };
}

function malformed(problem: string): SopsError {
  return new SopsError('malformed', `cannot read the sops metadata: ${problem}`);
}

/** In the order in which they are tried: those that need no network first. */
function keysOf(group: Branch): readonly MasterKey[] {
  const read = <T extends MasterKey>(field: string, key: (entry: Branch) => T): readonly T[] =>
    branchesOf(group.get(field)).map(key);
  return [
    ...read('age', (entry) => ({
      kind: 'age',
      recipient: textOf(entry, 'recipient'),
      encrypted: textOf(entry, 'enc'),
    })),
    ...read('pgp', (entry) => ({ kind: 'pgp', fingerprint: textOf(entry, 'fp'), encrypted: textOf(entry, 'enc') })),
    ...read('kms', (entry) => ({ kind: 'kms', name: textOf(entry, 'arn') })),
    ...read('gcp_kms', (entry) => ({ kind: 'gcp_kms', name: textOf(entry, 'resource_id') })),
    ...read('hckms', (entry) => ({ kind: 'hckms', name: textOf(entry, 'key_id') })),
    ...read('azure_kv', (entry) => ({
      kind: 'azure_kv',
      name: `${textOf(entry, 'vault_url')}/keys/${textOf(entry, 'name')}/${textOf(entry, 'version')}`,
    })),
    ...read('hc_vault', (entry) => ({
      kind: 'hc_vault',
      address: textOf(entry, 'vault_address'),
      enginePath: textOf(entry, 'engine_path'),
      keyName: textOf(entry, 'key_name'),
      encrypted: textOf(entry, 'enc'),
    })),
  ];
}

function branchesOf(value: Value | undefined): readonly Branch[] {
  if (value === undefined || value === null) return [];
  if (!(value instanceof List)) throw malformed('a list of keys is no list');
  return value.items.filter((item): item is Branch => item instanceof Branch);
}

function textOf(entry: Branch, field: string): string {
  const value = entry.get(field);
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw malformed(`"${field}" of a key is no text`);
  return value;
}

function thresholdOf(value: Value | undefined): number {
  if (value === undefined || value === null || value === '') return 0;
  const text = typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^[0-9]{1,4}$/.test(text)) throw malformed('"shamir_threshold" is no small number');
  return Number(text);
}

const ruleFields = [
  ['unencrypted_suffix', 'unencryptedSuffix'],
  ['encrypted_suffix', 'encryptedSuffix'],
  ['unencrypted_regex', 'unencryptedRegex'],
  ['encrypted_regex', 'encryptedRegex'],
  ['unencrypted_comment_regex', 'unencryptedCommentRegex'],
  ['encrypted_comment_regex', 'encryptedCommentRegex'],
] as const;

function ruleOf(block: Branch): SelectionRule {
  const rules = ruleFields.flatMap(([field, kind]) => {
    const text = textOf(block, field);
    return text === '' ? [] : [{ kind, text }];
  });
  const [rule, other] = rules;
  if (other !== undefined) {
    throw malformed(`more than one of ${ruleFields.map(([field]) => field).join(', ')} is set`);
  }
  return rule ?? { kind: 'unencryptedSuffix', text: '_unencrypted' };
}
