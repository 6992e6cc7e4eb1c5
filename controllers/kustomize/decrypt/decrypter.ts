import type { FileSystem, MapNode } from '#kustomize';
import { decrypt, type DecryptOptions, type KeyRing } from '#sops';
import { decryptResource } from './decrypt-resource.ts';
import { decryptSources } from './decrypt-sources.ts';
import type { DecryptionKeys } from './decryption-keys.ts';
import { SecretTexts } from './secret-texts.ts';

/** Decrypts for one build. */
export interface Decrypter {
  /**
   * The files of a kustomization and those below it that must be plain before it is built, by their path.
   * @throws DecryptError
   */
  sources(files: FileSystem, folder: string, kustomization: MapNode): Promise<ReadonlyMap<string, Uint8Array>>;
  /** @throws DecryptError */
  resource(resource: MapNode): Promise<MapNode>;
  /** A message without what came to light. */
  mask(message: string): string;
}

/** Decrypts one document. */
export type DecryptDocument = (content: Uint8Array, options: DecryptOptions) => Promise<Uint8Array>;

/** @throws DecryptError when a key cannot be read */
export async function openDecrypter(keys: DecryptionKeys, signal: AbortSignal): Promise<Decrypter> {
  const ring: KeyRing = await keys.open();
  const secrets = new SecretTexts();
  const document: DecryptDocument = (content, options) =>
    decrypt(content, ring, { ...options, signal, onSecret: (text) => secrets.add(text) });
  return {
    sources: (files, folder, kustomization) => decryptSources(files, folder, kustomization, document),
    resource: (resource) => decryptResource(resource, document),
    mask: (message) => secrets.mask(message),
  };
}
