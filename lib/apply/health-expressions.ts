import { CelError, type CompiledExpression, compileExpression } from '#cel';
import type { HealthCheckExpr, KubeObject } from '#crds';
import type { Health, HealthStatus, ObjectId } from './contract.ts';
import { inProgress } from './condition.ts';
import { at } from './json.ts';

/** How a Kustomization judges kinds that do not follow the usual conventions. */
export interface HealthExpressions {
  /** Whether there is a rule for the kind. */
  readonly evaluates: (id: ObjectId) => boolean;
  /** Undefined: no rule, kstatus decides. */
  readonly evaluate: (object: KubeObject, id: ObjectId) => Health | undefined;
}

/** An expression is no CEL, or two are for the same kinds; the text is Flux's. */
export class HealthExpressionError extends Error {
  override readonly name = 'HealthExpressionError';
}

interface Rule {
  readonly expression: CompiledExpression<'bool'>;
  readonly status: HealthStatus;
}

/**
 * Compiles `spec.healthCheckExprs` (spec A10). A rule for a kind beats one for its whole group.
 * @throws HealthExpressionError
 */
export function compileHealthExpressions(expressions: readonly HealthCheckExpr[]): HealthExpressions {
  const byKind = new Map<string, readonly Rule[]>();
  for (const [index, one] of expressions.entries()) {
    const key = groupKind(groupOf(one.apiVersion), one.kind ?? '');
    if (byKind.has(key)) throw new HealthExpressionError(`duplicate custom health check for GroupKind ${key}`);
    byKind.set(key, compileRules(one, index));
  }
  const rulesOf = ({ group, kind }: ObjectId): readonly Rule[] | undefined =>
    byKind.get(groupKind(group, kind)) ?? byKind.get(groupKind(group, ''));
  return {
    evaluates: (id) => rulesOf(id) !== undefined,
    evaluate: (object, id) => {
      const rules = rulesOf(id);
      return rules === undefined ? undefined : judge(object, rules);
    },
  };
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** As Kubernetes prints it: `Deployment.apps`. */
function groupKind(group: string, kind: string): string {
  return group === '' ? kind : `${kind}.${group}`;
}

/** In the order in which they are asked. They are not type-checked: nobody knows the fields of a custom resource. */
function compileRules({ inProgress: progressing, failed, current }: HealthCheckExpr, index: number): readonly Rule[] {
  const compile = (name: string, text: string | undefined, status: HealthStatus): readonly Rule[] => {
    if (text === undefined || text === '') return [];
    try {
      return [{ expression: compileExpression(text, { result: 'bool', check: false }), status }];
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      throw refused(index, `failed to parse the expression ${name}: ${error.message}`, error);
    }
  };
  if (current === '') throw refused(index, 'expression Current not specified');
  const healthy = compile('Current', current, 'Current');
  return [...compile('InProgress', progressing, 'InProgress'), ...compile('Failed', failed, 'Failed'), ...healthy];
}

function refused(index: number, why: string, cause?: unknown): HealthExpressionError {
  return new HealthExpressionError(`failed to create custom status evaluator for healthchecks[${index}]: ${why}`, {
    cause,
  });
}

function judge(object: KubeObject, rules: readonly Rule[]): Health {
  const { generation } = object.metadata;
  const observed = at(object, 'status', 'observedGeneration');
  if (typeof observed === 'number' && Number.isInteger(observed) && observed !== (generation ?? 0))
    return inProgress(`${object.kind} generation is ${generation ?? 0}, but latest observed generation is ${observed}`);
  try {
    const rule = rules.find(({ expression }) => expression.evaluate({ ...object }));
    return { status: rule?.status ?? 'InProgress', message: '' };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { status: 'Unknown', message: error.message };
  }
}
