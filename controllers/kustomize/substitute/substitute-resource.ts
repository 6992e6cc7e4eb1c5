import type { PostBuild } from '#crds';
import { substituteSwitch } from '#crds';
import { MapNode, type Node, print, readYamlV2, ScalarNode, YamlError } from '#kustomize';
import { expand } from './expand.ts';
import { TemplateError } from './template.ts';
import { invalidName, type Variables } from './variables.ts';

/** A resource whose variables cannot be put in; the message is Flux's. */
export class SubstituteError extends Error {
  override readonly name = 'SubstituteError';
}

export interface SubstituteOptions {
  /** Whether a variable that is not set and has no default is an error. */
  readonly strict: boolean;
}

/** Whether the post-build step does anything at all: without a variable, even `$$` stays as it is. */
export function substitutes(postBuild: PostBuild, variables: Variables): boolean {
  return variables.problem !== undefined || variables.values.size > 0 || postBuild.substituteStrategy === 'Always';
}

/**
 * Puts the variables into the text of one built resource and reads it again, so that scalars get the type of what they became.
 * A label that becomes a number or a boolean stays the text that was written (Flux loses all labels of the object then).
 * @throws SubstituteError
 */
export function substituteResource(resource: MapNode, variables: Variables, options: SubstituteOptions): MapNode {
  if (isSwitchedOff(resource)) return resource;
  const failed = (problem: string, cause?: unknown): SubstituteError =>
    new SubstituteError(`post build failed for '${resourceId(resource)}': ${problem}`, { cause });
  if (variables.problem !== undefined) throw failed(variables.problem);
  const bad = invalidName(variables.values);
  if (bad !== undefined) {
    throw failed(`envsubst error: '${bad}' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'`);
  }
  const text = print(resource);
  let expanded: string;
  try {
    expanded = expand(text, variables.values, options);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw failed(`envsubst error: variable substitution failed: ${error.message}`, error);
  }
  if (expanded === text) return resource;
  let node: Node;
  try {
    node = readYamlV2(expanded);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw failed(`YAMLToJSON: ${error.message}`, error);
  }
  if (node.kind !== 'map') throw failed('YAMLToJSON: the result is not a mapping');
  keepLabelsText(node);
  return node;
}

function isSwitchedOff(resource: MapNode): boolean {
  const metadata = mapOf(resource.get('metadata'));
  return ['labels', 'annotations'].some(
    (field) => textOf(mapOf(metadata?.get(field))?.get(substituteSwitch)) === 'disabled',
  );
}

/** `Kind.version.group/name`, with `[noGrp]` for the core group. */
function resourceId(resource: MapNode): string {
  const apiVersion = textOf(resource.get('apiVersion')) ?? '';
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '[noGrp]' : apiVersion.slice(0, slash);
  const name = textOf(mapOf(resource.get('metadata'))?.get('name')) ?? '';
  return `${textOf(resource.get('kind')) ?? ''}.${apiVersion.slice(slash + 1)}.${group}/${name}`;
}

function keepLabelsText(resource: MapNode): void {
  const labels = mapOf(mapOf(resource.get('metadata'))?.get('labels'));
  for (const [at, value] of labels?.values.entries() ?? []) {
    if (value.kind === 'scalar' && value.tag !== '!!str') labels?.setAt(at, new ScalarNode(value.value, '!!str'));
  }
}

function mapOf(node: Node | undefined): MapNode | undefined {
  return node?.kind === 'map' ? node : undefined;
}

function textOf(node: Node | undefined): string | undefined {
  return node?.kind === 'scalar' ? node.value : undefined;
}
