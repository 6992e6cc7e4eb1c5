import { execFile } from 'node:child_process';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { print, readDocuments } from '../../lib/kustomize/yaml/index.ts';

export interface Difference {
  readonly fragment: string;
  readonly kustomize: string;
  readonly ours: string;
}
export interface Result {
  readonly ok: boolean;
  readonly text: string;
}

const HEADER = 'apiVersion: v1\nkind: X\nmetadata:\n  name: x\n';

/** The real kustomize, asked about many fragments at once: each is what follows the key of one field. */
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
  async build(resource: string): Promise<Result> {
    const dir = await mkdtemp(join(tmpdir(), 'yaml-parity-'));
    try {
      await writeFile(join(dir, 'r.yaml'), resource);
      await writeFile(join(dir, 'kustomization.yaml'), 'resources: [r.yaml]\nsortOptions: {order: fifo}\n');
      return await new Promise((resolve) => {
        execFile(this.binary, ['build', dir], { maxBuffer: 1 << 28 }, (error, stdout, stderr) =>
          resolve(error === null ? { ok: true, text: stdout } : { ok: false, text: stderr }),
        );
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  }

  /** Fragments on which we and kustomize disagree; of those that we refuse, only the first are put to kustomize. */
  async compare(fragments: readonly string[], maxRefused = 40): Promise<Difference[]> {
    const accepted: string[] = [];
    const refused: string[] = [];
    for (const fragment of new Set(fragments)) {
      const { ok } = printAll(`${HEADER}v:${fragment}\n`);
      (ok ? accepted : refused).push(fragment);
    }
    const differences = await this.bisect(accepted);
    for (const fragment of refused.slice(0, maxRefused)) differences.push(...(await this.bisect([fragment])));
    return differences;
  }

  private async bisect(fragments: readonly string[]): Promise<Difference[]> {
    if (fragments.length === 0) return [];
    const text = HEADER + fragments.map((fragment, i) => `v${i}:${fragment}`).join('\n') + '\n';
    const ours = printAll(text);
    const theirs = await this.build(text);
    if (theirs.ok && ours.ok && theirs.text === ours.text) return [];
    const [fragment = ''] = fragments;
    if (fragments.length === 1) {
      if (!theirs.ok && !ours.ok) return [];
      return [{ fragment, kustomize: theirs.text, ours: ours.text }];
    }
    const suspects = theirs.ok && ours.ok ? differing(fragments, theirs.text, ours.text) : fragments;
    const middle = Math.ceil(suspects.length / 2);
    if (suspects.length === fragments.length || suspects.length === 0) {
      return [
        ...(await this.bisect(fragments.slice(0, Math.ceil(fragments.length / 2)))),
        ...(await this.bisect(fragments.slice(Math.ceil(fragments.length / 2)))),
      ];
    }
    return [...(await this.bisect(suspects.slice(0, middle))), ...(await this.bisect(suspects.slice(middle)))];
  }
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

/** What we print for a resource file. */
export function printAll(text: string): Result {
  try {
    return { ok: true, text: readDocuments(text).map(print).join('---\n') };
  } catch (error) {
    return { ok: false, text: error instanceof Error ? error.message : String(error) };
  }
}
