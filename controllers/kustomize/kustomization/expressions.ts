import { compileHealthExpressions, HealthExpressionError, type HealthExpressions } from '#apply';
import { CelError, type CompiledExpression, compileExpression } from '#cel';
import type { DependencyReference, HealthCheckExpr, Kustomization } from '#crds';
import { ReconcileError } from '#runtime';

/** By the lists of the objects that the watch hands over, which live as long as the spec is what it is. */
const compiledHealth = new WeakMap<readonly HealthCheckExpr[], HealthExpressions>();
const compiledReady = new WeakMap<DependencyReference, CompiledExpression<'bool'>>();

/**
 * How the Kustomization wants kinds judged; undefined when it says nothing.
 * @throws ReconcileError 'InvalidCELExpression' that waits for another spec
 */
export function healthExpressions({ spec }: Kustomization): HealthExpressions | undefined {
  const { healthCheckExprs: expressions } = spec;
  if (expressions === undefined || expressions.length === 0) return undefined;
  const known = compiledHealth.get(expressions);
  if (known !== undefined) return known;
  try {
    const compiled = compileHealthExpressions(expressions);
    compiledHealth.set(expressions, compiled);
    return compiled;
  } catch (error) {
    throw error instanceof HealthExpressionError ? invalid(error.message, error) : error;
  }
}

/** What a `readyExpr` makes of a dependency: an error of evaluation, as a missing field, may pass by itself. */
export type Readiness = { readonly ready: boolean } | { readonly problem: string };

/**
 * Evaluates `readyExpr` over both objects.
 * @throws ReconcileError 'InvalidCELExpression' that waits for another spec
 */
export function evaluateReadyExpr(reference: DependencyReference, self: Kustomization, dep: Kustomization): Readiness {
  const expression = readyExpression(reference);
  try {
    return { ready: expression.evaluate({ self, dep }) };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { problem: error.message };
  }
}

function readyExpression(reference: DependencyReference): CompiledExpression<'bool'> {
  const known = compiledReady.get(reference);
  if (known !== undefined) return known;
  try {
    const compiled = compileExpression(reference.readyExpr ?? '', {
      variables: { self: 'map', dep: 'map' },
      result: 'bool',
      check: true,
    });
    compiledReady.set(reference, compiled);
    return compiled;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    throw invalid(`terminal error: failed to evaluate dependency ${reference.name}: ${error.message}`, error);
  }
}

function invalid(why: string, cause: unknown): ReconcileError {
  const message = `Reconciliation failed terminally due to configuration error: ${why}`;
  return new ReconcileError('InvalidCELExpression', message, { when: 'specChanges' }, { cause });
}
