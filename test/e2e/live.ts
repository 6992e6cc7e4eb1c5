export interface LiveCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

/** The fields of an object in the cluster that these tests read, with empty lists where the object has none. */
export interface Live {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly generation?: number;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
  readonly status: {
    readonly conditions: readonly LiveCondition[];
    readonly observedGeneration?: number;
    readonly lastAppliedRevision?: string;
    readonly lastHandledReconcileAt?: string;
    readonly lastAttemptedRevision?: string;
    readonly webhookPath?: string;
    readonly artifact?: { readonly revision: string; readonly digest: string; readonly path: string };
    readonly inventory: { readonly entries: readonly { readonly id: string; readonly v: string }[] };
  };
}

export function asLive(object: Record<string, unknown>): Live {
  // The API server has checked the object against its schema, which declares these fields with these types.
  const known = object as Partial<Live>;
  const status: Partial<Live['status']> = known.status ?? {};
  const metadata = known.metadata ?? { name: '', uid: '', resourceVersion: '' };
  return {
    ...known,
    metadata,
    status: { ...status, conditions: status.conditions ?? [], inventory: status.inventory ?? { entries: [] } },
  };
}

/** `<status> <reason>: <message>`, or nothing where the object has no such condition. */
export function conditionOf(object: Live | undefined, type: string): string {
  const found = object?.status.conditions.find((condition) => condition.type === type);
  return found === undefined ? '' : `${found.status} ${found.reason}: ${found.message}`;
}
