import type { Checkout } from './checkout.ts';
import { signedCommit, signedTag } from './signature/signed-object.ts';
import { type TrustedKeys, verifySignature } from './signature/verify.ts';

/**
 * Looks whether a trusted key signed the commit.
 * @returns the name of the key
 * @throws Error with a text fit for a condition
 */
export async function verifyCommit({ snapshot, commit }: Checkout, keys: TrustedKeys): Promise<string> {
  return await verifySignature(signedCommit(snapshot.readRaw(commit.oid).bytes), keys);
}

/**
 * Looks whether a trusted key signed the tag that led to the commit. The signature counts for the name that is in the tag: one for an
 * old version says nothing of a new one.
 * @returns the name of the key; undefined when nobody signed, or the tag is a mere name
 * @throws Error with a text fit for a condition
 */
export async function verifyTag({ snapshot, target }: Checkout, keys: TrustedKeys): Promise<string | undefined> {
  const { type, bytes } = snapshot.readRaw(target.want);
  const tag = type === 'tag' ? signedTag(bytes) : undefined;
  if (tag?.signature === undefined) return undefined;
  const name = /^tag (.+)$/m.exec(bytes.toString('utf8', 0, 1024))?.[1];
  if (name !== target.tag) throw new Error(`the signature is for tag '${name}', expected '${target.tag}'`);
  return await verifySignature(tag, keys);
}
