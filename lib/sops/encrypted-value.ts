import { isUtf8 } from 'node:buffer';
import { createDecipheriv } from 'node:crypto';
import { SopsError } from './error.ts';
import { Comment, type Scalar, Timestamp } from './tree.ts';

// No part can hold a comma, so that there is one way only to read a text, however long and hostile.
const pattern = /^ENC\[AES256_GCM,data:([^,]+),iv:([^,]+),tag:([^,]+),type:([^,\]]+)\]/;

const keyBytes = 32;
const tagBytes = 16;

/** Whether a text has the form of an encrypted value. */
export function isEncryptedValue(text: string): boolean {
  return pattern.test(text);
}

/**
 * Decrypts one value. Its place is authenticated with it: a value that was moved to another key does not open.
 * @param path keys from the root to the value; items of a list have the path of the list
 * @throws SopsError 'undecryptable', without the value
 */
export function decryptValue(text: string, dataKey: Uint8Array, path: readonly string[]): Scalar | Comment {
  if (text === '') return '';
  const [, data, iv, tag, type] = pattern.exec(text) ?? [];
  if (data === undefined || iv === undefined || tag === undefined || type === undefined) {
    throw failed(path, 'it is not an encrypted value, expected ENC[AES256_GCM,…]');
  }
  const plain = open(dataKey, fromBase64(data, path), fromBase64(iv, path), fromBase64(tag, path), path);
  return typed(type, plain, path);
}

function failed(path: readonly string[], problem: string): SopsError {
  return new SopsError('undecryptable', `cannot decrypt the value of "${path.join('.')}": ${problem}`);
}

function open(key: Uint8Array, data: Buffer, iv: Buffer, tag: Buffer, path: readonly string[]): Buffer {
  if (key.length !== keyBytes) throw failed(path, `the data key has ${key.length} bytes, expected ${keyBytes}`);
  if (tag.length !== tagBytes || iv.length === 0) throw failed(path, 'its authentication tag or IV is damaged');
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
    cipher.setAAD(Buffer.from(`${path.join(':')}:`)).setAuthTag(tag);
    return Buffer.concat([cipher.update(data), cipher.final()]);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw failed(path, 'it does not fit the data key, or was encrypted for another place in the document');
  }
}

function fromBase64(text: string, path: readonly string[]): Buffer {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw failed(path, 'its base64 is damaged');
  return Buffer.from(text, 'base64');
}

/** Go's ParseFloat, as far as SOPS and its Python ancestor write floats. */
const floatPattern = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/;
const trueWords: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const falseWords: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);
const infinities: ReadonlyMap<string, number> = new Map([
  ['+inf', Number.POSITIVE_INFINITY],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['nan', Number.NaN],
]);

function typed(type: string, plain: Buffer, path: readonly string[]): Scalar | Comment {
  const text = plain.toString('utf8');
  switch (type) {
    case 'str':
    case 'bytes':
      return isUtf8(plain) ? text : new Uint8Array(plain);
    case 'int':
      if (/^[-+]?[0-9]{1,19}$/.test(text)) return BigInt(text);
      break;
    case 'float':
      if (floatPattern.test(text)) return Number(text);
      if (infinities.has(text.toLowerCase())) return infinities.get(text.toLowerCase()) ?? null;
      break;
    case 'bool':
      if (trueWords.has(text)) return true;
      if (falseWords.has(text)) return false;
      break;
    case 'time':
      if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[-+]\d{2}:\d{2})$/.test(text)) return new Timestamp(text);
      break;
    case 'comment':
      return new Comment(text);
    default:
      throw failed(path, `its type "${type}" is not known, expected str, int, float, bool, bytes, time or comment`);
  }
  throw failed(path, `it is no ${type}`);
}
