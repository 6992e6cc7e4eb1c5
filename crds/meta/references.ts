import { object, optional, type Schema, string } from '../schema/schema.ts';

/** Names an object of a known kind in the same namespace. */
export interface LocalObjectReference {
  readonly name: string;
}

export const localObjectReference: Schema<LocalObjectReference> = object(
  { name: string({ description: 'Name of the object, in the namespace of this one.' }) },
  { description: 'Names an object in the same namespace.' },
);

/** Names an object of any kind; without a namespace, in the namespace of the object that refers to it. */
export interface NamespacedObjectKindReference {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export const namespacedObjectKindReference: Schema<NamespacedObjectKindReference> = object(
  {
    apiVersion: optional(string({ description: 'Group and version of the object, such as `apps/v1`.' })),
    kind: string({ description: 'Kind of the object.' }),
    name: string({ description: 'Name of the object.' }),
    namespace: optional(string({ description: 'Namespace of the object; the one of this object when left out.' })),
  },
  { description: 'Names an object of any kind.' },
);
