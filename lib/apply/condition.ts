import type { KubeObject } from '#crds';
import type { Health } from './contract.ts';
import { listAt, textAt } from './json.ts';

/** A condition as far as anyone filled it in. */
export interface LooseCondition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export function conditionOf(object: KubeObject, type: string): LooseCondition | undefined {
  const found = listAt(object, 'status', 'conditions').find((condition) => textAt(condition, 'type') === type);
  if (found === undefined) return undefined;
  const text = (key: string): string => textAt(found, key) ?? '';
  return {
    status: text('status'),
    reason: text('reason'),
    message: text('message'),
    lastTransitionTime: text('lastTransitionTime'),
  };
}

export const current = (message: string): Health => ({ status: 'Current', message });
export const inProgress = (message: string): Health => ({ status: 'InProgress', message });
export const failed = (message: string): Health => ({ status: 'Failed', message });
