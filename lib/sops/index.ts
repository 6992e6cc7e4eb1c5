export type { KeyRing } from './data-key.ts';
export { decrypt, type DecryptOptions } from './decrypt.ts';
export { SopsError, type SopsErrorCode } from './error.ts';
export { type Format, formatOfContent, formatOfPath, hasMarker } from './format.ts';
export { type KeySources, openKeyRing } from './keys/key-ring.ts';
export type { VaultToken } from './keys/vault.ts';
