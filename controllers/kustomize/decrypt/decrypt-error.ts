/** What keeps manifests from being decrypted; the message holds no decrypted value. */
export class DecryptError extends Error {
  override readonly name = 'DecryptError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
