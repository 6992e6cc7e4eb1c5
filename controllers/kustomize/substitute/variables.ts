import type { KubeObject, PostBuild, SubstituteReference } from '#crds';

/** Reads a ConfigMap or Secret of the Kustomization's namespace; undefined when there is none. */
export type VariableReader = (kind: SubstituteReference['kind'], name: string) => Promise<KubeObject | undefined>;

/** The variables of one run. */
export interface Variables {
  readonly values: ReadonlyMap<string, string>;
  /** Says which versions of which objects the values came from; equal texts mean equal values. */
  readonly version: string;
  /** Why they could not be had. It is an error of each resource that would be substituted, not of the set. */
  readonly problem?: string;
}

/** Gathers the variables: references in their order, later ones over earlier ones, inline values over all. */
export async function loadVariables(postBuild: PostBuild, read: VariableReader): Promise<Variables> {
  const values = new Map<string, string>();
  const versions: string[] = [];
  for (const reference of postBuild.substituteFrom ?? []) {
    const found = await readOne(reference, read);
    if (found instanceof VariableProblem) return { values: new Map(), version: '', problem: found.message };
    versions.push(
      `${reference.kind}/${reference.name}=${found?.metadata.uid ?? ''}/${found?.metadata.resourceVersion ?? ''}`,
    );
    if (found === undefined) continue;
    for (const [name, value] of dataOf(found)) values.set(name, withoutNewlines(value));
  }
  for (const [name, value] of Object.entries(postBuild.substitute ?? {})) values.set(name, withoutNewlines(value));
  return { values, version: versions.join(' ') };
}

class VariableProblem extends Error {}

async function readOne(
  reference: SubstituteReference,
  read: VariableReader,
): Promise<KubeObject | VariableProblem | undefined> {
  const { kind, name } = reference;
  let found: KubeObject | undefined;
  try {
    found = await read(kind, name);
  } catch (error) {
    return new VariableProblem(`substitute from '${kind}/${name}' error: ${messageOf(error)}`);
  }
  if (found !== undefined || reference.optional === true) return found;
  const resource = kind === 'Secret' ? 'secrets' : 'configmaps';
  return new VariableProblem(`substitute from '${kind}/${name}' error: ${resource} "${name}" not found`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function dataOf(object: KubeObject): readonly (readonly [string, string])[] {
  const data = object['data'];
  if (typeof data !== 'object' || data === null) return [];
  return Object.entries(data).map(([name, value]) => {
    const text = String(value);
    return [name, object.kind === 'Secret' ? Buffer.from(text, 'base64').toString() : text] as const;
  });
}

/** A value stays on its line whatever it holds: it is put into YAML text. */
function withoutNewlines(value: string): string {
  return value.replaceAll('\n', '');
}

const namePattern = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

/** The first variable whose name envsubst could not read: all are checked, used or not. */
export function invalidName(values: ReadonlyMap<string, string>): string | undefined {
  return [...values.keys()].find((name) => !namePattern.test(name));
}
