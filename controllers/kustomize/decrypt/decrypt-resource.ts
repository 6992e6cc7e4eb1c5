import { decryptSwitch } from '#crds';
import { goJsonMarshal, MapNode, type Node, readDocuments, scalar, toJson } from '#kustomize';
import { formatOfContent, formatOfPath, SopsError } from '#sops';
import { DecryptError } from './decrypt-error.ts';
import type { DecryptDocument } from './decrypter.ts';

/**
 * A built resource in clear: one that is a SOPS document as a whole, and of a Secret every value that holds one. Which format
 * a value is in its content says; which it becomes, the ending of its key.
 * @throws DecryptError
 */
export async function decryptResource(resource: MapNode, decrypt: DecryptDocument): Promise<MapNode> {
  if (isSwitchedOff(resource)) return resource;
  if (isDocument(resource)) return decryptWhole(resource, decrypt);
  if (textOf(resource.get('kind')) === 'Secret') await decryptValues(resource, decrypt);
  return resource;
}

function isSwitchedOff(resource: MapNode): boolean {
  const annotations = mapOf(mapOf(resource.get('metadata'))?.get('annotations'));
  return textOf(annotations?.get(decryptSwitch)).toLowerCase() === 'disabled';
}

function isDocument(resource: MapNode): boolean {
  return textOf(mapOf(resource.get('sops'))?.get('mac')) !== '';
}

async function decryptWhole(resource: MapNode, decrypt: DecryptDocument): Promise<MapNode> {
  const json = Buffer.from(goJsonMarshal(toJson(resource)));
  const plain = await attempt(resource, `${textOf(resource.get('kind'))} data`, () =>
    decrypt(json, { input: 'json', output: 'json' }),
  );
  const [document] = readDocuments(Buffer.from(plain).toString('utf8'));
  if (document?.kind !== 'map') throw failure(resource, 'the result is no object');
  return document;
}

async function decryptValues(secret: MapNode, decrypt: DecryptDocument): Promise<void> {
  const data = mapOf(secret.get('data'));
  if (data === undefined) return;
  for (const [key, value] of data.entries()) {
    const content = fromBase64(textOf(value));
    const input = content === undefined ? undefined : formatOfContent(content);
    if (content === undefined || input === undefined) continue;
    const plain = await attempt(secret, `Secret field '${key}'`, () =>
      decrypt(content, { input, output: formatOfPath(key) }),
    );
    data.set(key, scalar(Buffer.from(plain).toString('base64')));
  }
}

async function attempt<T>(resource: MapNode, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SopsError)) throw error;
    const namespace = textOf(mapOf(resource.get('metadata'))?.get('namespace'));
    throw failure(
      resource,
      `failed to decrypt and format '${namespace}/${nameOf(resource)}' ${what}: ${error.message}`,
      error,
    );
  }
}

function failure(resource: MapNode, problem: string, cause?: unknown): DecryptError {
  return new DecryptError(`decryption failed for '${nameOf(resource)}': ${problem}`, { cause });
}

/** Undefined for what is no base64: the API server says so. */
function fromBase64(text: string): Buffer | undefined {
  const plain = text.replaceAll(/[\r\n]/g, '');
  if (plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) return undefined;
  return Buffer.from(plain, 'base64');
}

function nameOf(resource: MapNode): string {
  return textOf(mapOf(resource.get('metadata'))?.get('name'));
}

function mapOf(node: Node | undefined): MapNode | undefined {
  return node?.kind === 'map' ? node : undefined;
}

function textOf(node: Node | undefined): string {
  return node?.kind === 'scalar' ? node.value : '';
}
