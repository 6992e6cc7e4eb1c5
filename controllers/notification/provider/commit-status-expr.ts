import { type CompiledExpression, compileExpression } from '#cel';
import type { Alert, Provider, ProviderSpec } from '#crds';
import type { Event } from '../event/event.ts';

/** By the spec that the watch hands over, which lives until someone edits it. */
const compiled = new WeakMap<ProviderSpec, CompiledExpression<'string'>>();

/**
 * The id of a commit status by `commitStatusExpr`; undefined without one.
 * @param event with its final metadata, keys without prefix
 * @throws CelError
 */
export function customStatusId(event: Event, provider: Provider, alert: Alert): string | undefined {
  const { commitStatusExpr: text } = provider.spec;
  if (text === undefined || text === '') return undefined;
  let expression = compiled.get(provider.spec);
  if (expression === undefined) {
    expression = compileExpression(text, {
      variables: { event: 'map', provider: 'map', alert: 'map' },
      result: 'string',
      check: true,
    });
    compiled.set(provider.spec, expression);
  }
  return expression.evaluate({ event, provider, alert });
}
