import { type CompiledExpression, compileExpression } from '#cel';
import type { OidcProvider, Receiver, ReceiverSpec } from '#crds';
import type { JsonRecord } from '../json-record.ts';

interface Rules {
  readonly variables: readonly { readonly name: string; readonly expression: CompiledExpression }[];
  readonly validations: readonly { readonly message: string; readonly expression: CompiledExpression<'bool'> }[];
}

const compiled = new WeakMap<ReceiverSpec, ReadonlyMap<OidcProvider, Rules>>();

/**
 * The expressions of a generic-oidc Receiver, compiled once for a spec.
 * @throws CelError for what is no CEL over `claims` and `vars`
 */
export function oidcRules({ spec }: Receiver): ReadonlyMap<OidcProvider, Rules> {
  const known = compiled.get(spec);
  if (known !== undefined) return known;
  const rules = new Map((spec.oidcProviders ?? []).map((provider) => [provider, compile(provider)]));
  compiled.set(spec, rules);
  return rules;
}

/** As Go reads JSON of unknown form, numbers are doubles. */
const environment = { variables: { claims: 'map', vars: 'map' }, check: true, doubles: ['claims', 'vars'] } as const;

function compile({ variables = [], validations }: OidcProvider): Rules {
  return {
    variables: variables.map(({ name, expression }) => ({
      name,
      expression: compileExpression(expression, { ...environment, result: 'any' }),
    })),
    validations: validations.map(({ message, expression }) => ({
      message,
      expression: compileExpression(expression, { ...environment, result: 'bool' }),
    })),
  };
}

/**
 * Which validations the claims fail, by their messages.
 * @throws CelError when an expression cannot be evaluated, such as for a claim that is missing
 */
export function failedValidations({ variables, validations }: Rules, claims: JsonRecord): readonly string[] {
  const vars: Record<string, unknown> = {};
  for (const { name, expression } of variables) vars[name] = expression.evaluate({ claims, vars });
  return validations.filter(({ expression }) => !expression.evaluate({ claims, vars })).map(({ message }) => message);
}
