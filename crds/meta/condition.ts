import { integer, object, oneOf, optional, type Schema, string, time } from '../schema/schema.ts';

/** `metav1.Condition`: one observed aspect of an object. `lastTransitionTime` is RFC 3339, UTC, whole seconds. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  /** At most 32768 characters. */
  readonly message: string;
  readonly lastTransitionTime: string;
  /** `metadata.generation` that the condition was computed from. */
  readonly observedGeneration?: number;
}

const conditionTypePattern =
  '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$';

export const condition: Schema<Condition> = object(
  {
    type: string({
      description: 'What is reported, in CamelCase, such as `Ready`.',
      maxLength: 316,
      pattern: conditionTypePattern,
    }),
    status: oneOf(['True', 'False', 'Unknown'], { description: 'Whether it holds.' }),
    reason: string({
      description: 'Why, as one CamelCase word that programs can match on.',
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    }),
    message: string({ description: 'Why, for people; may be empty.', maxLength: 32768 }),
    lastTransitionTime: time({ description: 'When status, reason or message last changed.' }),
    observedGeneration: optional(
      integer({ description: 'The `metadata.generation` that the condition speaks of.', minimum: 0 }),
    ),
  },
  { description: 'One observed aspect of the object.' },
);
