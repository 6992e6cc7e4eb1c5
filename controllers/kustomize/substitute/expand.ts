import { applyOperator, maxResultLength, toleratesUnset } from './operators.ts';
import { type Expansion, type Node, parseTemplate, TemplateError } from './template.ts';

export interface ExpandOptions {
  /** Whether a variable that is not set and has no default is an error; otherwise it is empty. */
  readonly strict: boolean;
}

/**
 * Replaces the `${…}` of a text. Values are taken as they are: nothing in them is expanded again.
 * @throws TemplateError with envsubst's words, as `variable not set (strict mode): "NAME"`
 */
export function expand(text: string, variables: ReadonlyMap<string, string>, options: ExpandOptions): string {
  if (!text.includes('$') && !text.includes('\0')) return text;
  const valueOf = (node: Node): string =>
    typeof node === 'string' ? node : expansionValue(node, variables, options, valueOf);
  let result = '';
  for (const node of parseTemplate(text)) {
    result += valueOf(node);
    if (result.length > maxResultLength) {
      throw new TemplateError(`bad substitution: result exceeds ${maxResultLength} characters`);
    }
  }
  return result;
}

function expansionValue(
  expansion: Expansion,
  variables: ReadonlyMap<string, string>,
  options: ExpandOptions,
  valueOf: (node: Node) => string,
): string {
  // Before the variable itself: a name that is missing in an unused default is an error too.
  const args = expansion.args.map(valueOf);
  const value = variables.get(expansion.name);
  if (value === undefined && options.strict && !toleratesUnset(expansion.operator)) {
    throw new TemplateError(`variable not set (strict mode): ${JSON.stringify(expansion.name)}`);
  }
  return applyOperator(expansion.operator, value ?? '', args);
}
