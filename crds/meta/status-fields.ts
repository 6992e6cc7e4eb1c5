import { array, type FieldsOf, integer, optional, string } from '../schema/schema.ts';
import { type Condition, condition } from './condition.ts';

/** What every status has. A fresh object shows `observedGeneration: -1`, by the default of the status itself. */
export interface CommonStatus {
  readonly conditions?: readonly Condition[];
  readonly lastHandledReconcileAt?: string;
  readonly observedGeneration?: number;
}

export const statusFields: FieldsOf<CommonStatus> = {
  conditions: optional(
    array(condition, { description: 'What the controller observed of the object, one entry per condition type.' }),
  ),
  lastHandledReconcileAt: optional(
    string({
      description:
        'Value of the annotation `reconcile.fluxcd.io/requestedAt` at the last run that has ended, whatever its outcome.',
    }),
  ),
  observedGeneration: optional(
    integer({ description: 'The `metadata.generation` of the last run that did all it could; -1 before the first.' }),
  ),
};

/** Default of a status, so that a fresh object differs from one that was handled. */
export const freshStatus: CommonStatus = { observedGeneration: -1 };
