import assert from 'node:assert/strict';

export interface StatusRuleOptions {
  /**
   * The object is at rest: nothing is in progress and the last spec was handled. Flux writes conditions and the other
   * status fields in separate patches, so that some rules hold at rest only. True unless given.
   */
  readonly settled?: boolean;
}

/** Types that are there only while they are True; they are deleted, never set to False. */
const abnormalTrue: ReadonlySet<string> = new Set([
  'Reconciling',
  'Stalled',
  'FetchFailed',
  'StorageOperationFailed',
  'BuildFailed',
  'IncludeUnavailable',
  'ArtifactOutdated',
]);
const leading = ['Stalled', 'Reconciling', 'Ready'];
const maxMessageLength = 32_768;

/**
 * Asserts what holds for the status of every object of this API, whatever happened to it. Each test that made a
 * controller write a status ends with this.
 */
export function checkStatus(object: unknown, options: StatusRuleOptions = {}): void {
  const broken = statusViolations(object, options);
  assert.equal(broken.length, 0, `${nameOf(object)} breaks ${broken.length} status rules:\n- ${broken.join('\n- ')}`);
}

/** The rules that an object breaks, one sentence each. */
export function statusViolations(object: unknown, options: StatusRuleOptions = {}): readonly string[] {
  const metadata = recordAt(object, 'metadata');
  const status = recordAt(object, 'status');
  const generation = Number(metadata['generation'] ?? 0);
  if (!Array.isArray(status['conditions'])) return ['status.conditions is missing'];
  const conditions = status['conditions'].map(readCondition);
  const settled = options.settled ?? true;
  return [
    ...conditions.flatMap((condition) => conditionViolations(condition, generation)),
    ...orderViolations(conditions),
    ...combinationViolations(conditions, settled),
    ...observedViolations(metadata, status, conditions, settled),
    ...inventoryViolations(status),
  ];
}

interface ConditionFacts {
  readonly type: string;
  readonly status: unknown;
  readonly reason: unknown;
  readonly message: unknown;
  readonly lastTransitionTime: unknown;
  readonly observedGeneration: unknown;
}

function readCondition(value: unknown): ConditionFacts {
  const fields = isRecord(value) ? value : {};
  return {
    type: typeof fields['type'] === 'string' ? fields['type'] : '',
    status: fields['status'],
    reason: fields['reason'],
    message: fields['message'],
    lastTransitionTime: fields['lastTransitionTime'],
    observedGeneration: fields['observedGeneration'],
  };
}

function conditionViolations(condition: ConditionFacts, generation: number): readonly string[] {
  const { type, status, reason, message, lastTransitionTime, observedGeneration } = condition;
  const broken: string[] = [];
  const rule = (holds: boolean, text: string): void => void (holds || broken.push(`${type}: ${text}`));
  rule(status === 'True' || status === 'False' || status === 'Unknown', `status is ${JSON.stringify(status)}`);
  rule(!abnormalTrue.has(type) || status === 'True', `is an abnormal-true type, expected no condition, not ${status}`);
  rule(typeof reason === 'string' && /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/.test(reason), `reason is "${reason}"`);
  rule(typeof message === 'string', 'message is missing');
  rule(
    typeof message !== 'string' || message.length <= maxMessageLength,
    `message is longer than ${maxMessageLength} characters`,
  );
  rule(
    typeof lastTransitionTime === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(lastTransitionTime),
    `lastTransitionTime is "${lastTransitionTime}", expected UTC in whole seconds`,
  );
  rule(
    Number.isInteger(observedGeneration) && Number(observedGeneration) <= generation,
    `observedGeneration is ${observedGeneration}, expected at most metadata.generation ${generation}`,
  );
  return broken;
}

/** Stalled, Reconciling, Ready; then the rest by observedGeneration, newest first, then by name. */
function orderViolations(conditions: readonly ConditionFacts[]): readonly string[] {
  const types = conditions.map((condition) => condition.type);
  const broken = types
    .filter((type, index) => types.indexOf(type) !== index)
    .map((type) => `${type} is there more than once`);
  const rank = (type: string): number => (leading.includes(type) ? leading.indexOf(type) : leading.length);
  const expected = conditions
    .toSorted(
      (a, b) =>
        rank(a.type) - rank(b.type) ||
        (rank(a.type) < leading.length ? 0 : Number(b.observedGeneration) - Number(a.observedGeneration)) ||
        (a.type < b.type ? -1 : 1),
    )
    .map((condition) => condition.type);
  if (expected.join() !== types.join()) {
    broken.push(`the order of conditions is ${types.join(', ')}, expected ${expected.join(', ')}`);
  }
  return broken;
}

function combinationViolations(conditions: readonly ConditionFacts[], settled: boolean): readonly string[] {
  const find = (type: string): ConditionFacts | undefined => conditions.find((condition) => condition.type === type);
  const ready = find('Ready');
  const broken: string[] = [];
  if (ready === undefined) broken.push('Ready is missing');
  if (find('Stalled') !== undefined && find('Reconciling') !== undefined) {
    broken.push('Stalled and Reconciling are both there');
  }
  if (find('Stalled') !== undefined && ready?.status === 'True') broken.push('Stalled is there, and Ready is True');
  if (settled && ready?.status === 'True' && find('Reconciling') !== undefined) {
    broken.push('Reconciling is there at rest, and Ready is True');
  }
  if (settled && ready?.status === 'Unknown') broken.push('Ready is Unknown at rest');
  return broken;
}

function observedViolations(
  metadata: Readonly<Record<string, unknown>>,
  status: Readonly<Record<string, unknown>>,
  conditions: readonly ConditionFacts[],
  settled: boolean,
): readonly string[] {
  const generation = Number(metadata['generation'] ?? 0);
  const observed = status['observedGeneration'] ?? -1;
  const broken: string[] = [];
  if (!Number.isInteger(observed) || Number(observed) > generation || Number(observed) < -1) {
    broken.push(`status.observedGeneration is ${shown(observed)}, expected -1 to ${generation}`);
  }
  if (!settled) return broken;
  const ready = conditions.find((condition) => condition.type === 'Ready');
  if (ready?.status === 'True') {
    for (const [what, value] of [
      ['status.observedGeneration', observed],
      ['observedGeneration of Ready', ready.observedGeneration],
    ] as const) {
      if (value !== generation) broken.push(`${what} is ${shown(value)} while Ready is True, expected ${generation}`);
    }
  }
  const requested = recordAt(metadata, 'annotations')['reconcile.fluxcd.io/requestedAt'];
  if (requested !== undefined && status['lastHandledReconcileAt'] !== requested) {
    broken.push(
      `status.lastHandledReconcileAt is ${shown(status['lastHandledReconcileAt'])}, expected ${shown(requested)}`,
    );
  }
  return broken;
}

/** `<namespace>_<name>_<group>_<kind>`, each once. */
function inventoryViolations(status: Readonly<Record<string, unknown>>): readonly string[] {
  const entries = recordAt(status, 'inventory')['entries'];
  if (!Array.isArray(entries)) return [];
  const ids = entries.map((entry) => String(isRecord(entry) ? entry['id'] : entry));
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `inventory has "${id}" more than once`),
    ...ids
      .filter((id) => !/^[^_]*_.+_[^_]*_[^_]+$/.test(id))
      .map((id) => `inventory id "${id}" is not <namespace>_<name>_<group>_<kind>`),
  ];
}

function nameOf(object: unknown): string {
  const { name, namespace } = recordAt(object, 'metadata');
  return `${isRecord(object) ? object['kind'] : 'object'} ${namespace}/${name}`;
}

function recordAt(object: unknown, key: string): Readonly<Record<string, unknown>> {
  const value = isRecord(object) ? object[key] : undefined;
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}
