import { dataKeyOf, type KeyRing } from './data-key.ts';
import { decryptTree } from './decrypt-tree.ts';
import { SopsError } from './error.ts';
import { unflatten } from './flat-metadata.ts';
import type { Format } from './format.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { selection } from './selection.ts';
import { dotenvStore } from './stores/dotenv.ts';
import { iniStore } from './stores/ini.ts';
import { binaryStore, jsonStore } from './stores/json.ts';
import type { Store } from './stores/store.ts';
import { yamlStore } from './stores/yaml.ts';
import { Branch, Comment, type Entry } from './tree.ts';

const stores: Readonly<Record<Format, Store>> = {
  yaml: yamlStore,
  json: jsonStore,
  binary: binaryStore,
  dotenv: dotenvStore,
  ini: iniStore,
};

export interface DecryptOptions {
  readonly input: Format;
  readonly output: Format;
  readonly signal?: AbortSignal | undefined;
  /** Told every value that comes to light, so that the caller can keep it out of its messages. */
  readonly onSecret?: (text: string) => void;
}

/**
 * Decrypts a SOPS document. Its MAC is not looked at: kustomize may have reordered or changed plain parts of it.
 * @throws SopsError whose message holds no value of the document
 */
export async function decrypt(content: Uint8Array, ring: KeyRing, options: DecryptOptions): Promise<Uint8Array> {
  const { input, output, signal } = options;
  const { branches, metadata } = inStep(`failed to load encrypted ${input} data`, () => load(content, input));
  let dataKey: Uint8Array;
  try {
    dataKey = await dataKeyOf(metadata, ring, signal);
  } catch (error) {
    throw explained(error, 'cannot get sops data key');
  }
  const select = selection(metadata.rule);
  const plain = inStep('error decrypting sops tree', () =>
    branches.map((branch) => decryptTree(branch, { dataKey, select, onSecret: options.onSecret })),
  );
  return inStep(`failed to emit encrypted ${input} file as decrypted ${output}`, () => stores[output].print(plain));
}

function inStep<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(error, what);
  }
}

function explained(error: unknown, what: string): unknown {
  if (error instanceof RangeError) return new SopsError('malformed', `${what}: it is nested too deeply`);
  if (!(error instanceof SopsError)) return error;
  return new SopsError(error.code, `${what}: ${error.message}`, { cause: error });
}

interface Loaded {
  readonly branches: readonly Branch[];
  readonly metadata: Metadata;
}

function load(content: Uint8Array, input: Format): Loaded {
  const branches = stores[input].read(content);
  const [block, rest] = input === 'dotenv' ? splitDotenv(branches) : splitNested(branches);
  if (block === undefined) throw new SopsError('malformed', 'sops metadata not found');
  return { branches: rest, metadata: readMetadata(input === 'ini' ? unflatten(withNewlines(block)) : block) };
}

/** Every document of a file has the same block, of which the first counts. */
function splitNested(branches: readonly Branch[]): readonly [Branch | undefined, readonly Branch[]] {
  const blocks = branches[0]?.entries.filter((entry) => entry.key === 'sops') ?? [];
  if (blocks.length > 1) throw new SopsError('malformed', 'found duplicate sops entry');
  const block = blocks[0]?.value;
  if (block !== undefined && !(block instanceof Branch)) {
    throw new SopsError('malformed', 'found sops entry that is not a mapping');
  }
  return [block, branches.map((branch) => without(branch, (entry) => entry.key === 'sops'))];
}

const dotenvPrefix = 'sops_';

function splitDotenv(branches: readonly Branch[]): readonly [Branch | undefined, readonly Branch[]] {
  const isMetadata = ({ key }: Entry): boolean => key.startsWith(dotenvPrefix);
  const flat = branches[0]?.entries.filter(isMetadata) ?? [];
  if (flat.length === 0) return [undefined, branches];
  const block = new Branch(flat.map(({ key, value }) => ({ key: key.slice(dotenvPrefix.length), value })));
  return [unflatten(block), branches.map((branch) => without(branch, isMetadata))];
}

function without(branch: Branch, left: (entry: Entry) => boolean): Branch {
  return new Branch(branch.items.filter((item) => item instanceof Comment || !left(item)));
}

/** INI has no escapes of its own, so that SOPS writes line breaks of its metadata as `\n`. */
function withNewlines(block: Branch): Branch {
  return new Branch(
    block.entries.map(({ key, value }) => ({
      key,
      value: typeof value === 'string' ? value.replaceAll('\\n', '\n') : value,
    })),
  );
}
