import { execFile } from 'node:child_process';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fromJson,
  type JsonValue,
  type Node,
  print,
  readDocuments,
  readYamlV2,
  toJson,
} from '../../lib/kustomize/yaml/index.ts';

export interface Difference {
  readonly fragment: string;
  readonly kustomize: string;
  readonly ours: string;
}
export interface Result {
  readonly ok: boolean;
  readonly text: string;
}

/** A way to put fragments, each what follows the key of one field, to both sides; field `i` prints as `v<i>`. */
export interface Trial {
  theirs(fragments: readonly string[]): Promise<Result>;
  ours(fragments: readonly string[]): Result;
}

const HEADER = 'apiVersion: v1\nkind: X\nmetadata:\n  name: x\n';

/** The real kustomize. */
export class Oracle {
  private readonly binary: string;

  constructor(binary: string) {
    this.binary = binary;
  }

  static async find(): Promise<Oracle | undefined> {
    const cached = join(homedir(), '.cache/sluice/tools/kustomize/v5.8.1/linux-amd64/kustomize');
    const binary = process.env['KUSTOMIZE'] ?? cached;
    return access(binary).then(
      () => new Oracle(binary),
      () => undefined,
    );
  }

  /** `kustomize build` of one resource file, in the order of the file. */
  async build(resource: string, kustomization = '', patch = ''): Promise<Result> {
    const dir = await mkdtemp(join(tmpdir(), 'yaml-parity-'));
    try {
      await writeFile(join(dir, 'r.yaml'), resource);
      await writeFile(join(dir, 'patch.yaml'), patch);
      const sorting = 'sortOptions: {order: fifo}\n';
      await writeFile(join(dir, 'kustomization.yaml'), `resources: [r.yaml]\n${sorting}${kustomization}`);
      return await new Promise((resolve) => {
        execFile(this.binary, ['build', dir], { maxBuffer: 1 << 28 }, (error, stdout, stderr) =>
          resolve(error === null ? { ok: true, text: stdout } : { ok: false, text: stderr }),
        );
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  }

  /** Fields of a resource: read by the v3 rules. */
  resources(): Trial {
    const text = (fragments: readonly string[]): string => HEADER + fragments.map((f, i) => `v${i}:${f}\n`).join('');
    return {
      theirs: (fragments) => this.build(text(fragments)),
      ours: (fragments) => printAll(text(fragments)),
    };
  }

  /** Values of a JSON6902 patch in YAML form: read by the v2 rules, then put through JSON with doubles. */
  patchValues(): Trial {
    const patch = (fragments: readonly string[]): string =>
      fragments.map((f, i) => `- op: add\n  path: /v${i}\n  value:${f}\n`).join('');
    return {
      theirs: (fragments) => this.build(HEADER, 'patches: [{path: patch.yaml, target: {kind: X}}]\n', patch(fragments)),
      ours: (fragments) => attempt(() => applyAdditions(patch(fragments))),
    };
  }
}

/** Fragments on which the two sides disagree; of those that we refuse, only the first are put to kustomize. */
export async function compare(trial: Trial, fragments: readonly string[], maxRefused = 40): Promise<Difference[]> {
  const accepted: string[] = [];
  const refused: string[] = [];
  for (const fragment of new Set(fragments)) {
    const { ok, text } = trial.ours([fragment]);
    // An anchor inside itself crashes kustomize, or is ignored where it is merged.
    if (!text.includes('contains itself')) (ok ? accepted : refused).push(fragment);
  }
  const differences = await bisect(trial, accepted);
  for (const fragment of refused.slice(0, maxRefused)) differences.push(...(await bisect(trial, [fragment])));
  return differences;
}

async function bisect(trial: Trial, fragments: readonly string[]): Promise<Difference[]> {
  const [fragment] = fragments;
  if (fragment === undefined) return [];
  const ours = trial.ours(fragments);
  const theirs = await trial.theirs(fragments);
  if (theirs.ok && ours.ok && theirs.text === ours.text) return [];
  if (fragments.length === 1) {
    return theirs.ok || ours.ok ? [{ fragment, kustomize: theirs.text, ours: ours.text }] : [];
  }
  const found = theirs.ok && ours.ok ? differing(fragments, theirs.text, ours.text) : fragments;
  const suspects = found.length === 0 ? fragments : found;
  const middle = Math.ceil(suspects.length / 2);
  return [...(await bisect(trial, suspects.slice(0, middle))), ...(await bisect(trial, suspects.slice(middle)))];
}

/** The fragments whose fields differ between two outputs. */
function differing(fragments: readonly string[], a: string, b: string): string[] {
  const theirs = fields(a);
  const ours = fields(b);
  return fragments.filter((_, i) => theirs.get(`v${i}`) !== ours.get(`v${i}`));
}

function fields(output: string): Map<string, string> {
  const map = new Map<string, string>();
  for (const field of output.split(/\n(?=v[0-9]+:)/)) map.set(field.slice(0, field.indexOf(':')), field.trimEnd());
  return map;
}

function attempt(action: () => string): Result {
  try {
    return { ok: true, text: action() };
  } catch (error) {
    return { ok: false, text: error instanceof Error ? error.message : String(error) };
  }
}

/** What we print for a resource file. */
export function printAll(text: string): Result {
  return attempt(() => readDocuments(text).map(print).join('---\n'));
}

/** The resource of `HEADER` with the values of a patch that only adds fields to it. */
function applyAdditions(patch: string): string {
  const [root] = readDocuments(HEADER);
  const operations = toJson(readYamlV2(patch));
  if (root?.kind !== 'map' || !Array.isArray(operations)) throw new TypeError('not a patch');
  for (const operation of operations) {
    if (typeof operation !== 'object' || operation === null || Array.isArray(operation))
      throw new TypeError('not an operation');
    const { path, value } = operation;
    if (typeof path !== 'string' || value === undefined) throw new TypeError('no value');
    root.set(path.slice(1), fromJson(asDoubles(value)));
  }
  return print(root);
}

function asDoubles(value: JsonValue): JsonValue {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asDoubles);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asDoubles(item)]));
}

/** What kustomize makes of YAML texts inside strings when a replacement sets `target` in them to `new`; one build. */
export async function reserialise(
  oracle: Oracle,
  texts: readonly string[],
): Promise<Result & { readonly texts: readonly string[] }> {
  const maps = texts.map(
    (text, i) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${i}}\ndata:\n  doc: ${JSON.stringify(text)}\n`,
  );
  const source = 'apiVersion: v1\nkind: X\nmetadata: {name: x}\nvalue: new\n';
  const result = await oracle.build(
    [source, ...maps].join('---\n'),
    'replacements:\n- source: {kind: X, fieldPath: value}\n  targets:\n  - select: {kind: ConfigMap}\n    fieldPaths: [data.doc.target]\n',
  );
  const printed = result.ok ? readDocuments(result.text).slice(1) : [];
  return { ...result, texts: printed.map((node) => stringAt(node, ['data', 'doc'])) };
}

function stringAt(node: Node, path: readonly string[]): string {
  let at: Node | undefined = node;
  for (const key of path) at = at?.kind === 'map' ? at.get(key) : undefined;
  return at?.kind === 'scalar' ? at.value : '';
}
