import { mapLimit } from '#concurrency';
import type { KubeObject } from '#crds';
import { NoMatchError, type Resource } from '#kube';
import type {
  ApplyEngine,
  ApplyEngineOptions,
  ApplyRequest,
  Change,
  ObjectId,
  PruneRequest,
  PruneResult,
} from './contract.ts';
import { ApplyError, type ObjectFailure } from './error.ts';
import { compareObjects } from './compare.ts';
import { applyFailure } from './failure-text.ts';
import { heldBy, type Missing } from './held-objects.ts';
import { textAt } from './json.ts';
import { type FieldPath, parsePointer } from './json-pointer.ts';
import { kindName } from './kind-watches.ts';
import { liveStore } from './live-objects.ts';
import { clusterScoped, type Desired, desiredObject, isSopsEncrypted } from './normalise.ts';
import { formatObject, objectId } from './object-id.ts';
import { partsOf, stagesOf } from './order.ts';
import { type Plan, planDirect, planFromMemory, planWithRequests, resolve } from './plan.ts';
import { pruneObjects } from './prune.ts';
import { scopedIds, servedResource } from './scope.ts';
import type { Session } from './session.ts';
import { waitForStage } from './stage-wait.ts';
import { lastOfEach, RefusedError, write, type Written } from './write.ts';

export function createApplyEngine(options: ApplyEngineOptions): ApplyEngine {
  const store = liveStore(options.live);
  const rules = {
    fieldManager: options.fieldManager ?? 'kustomize-controller',
    overrideManagers: options.overrideManagers ?? [],
  };
  const session = (request: ApplyRequest | PruneRequest, force: boolean, compares = false): Session => ({
    client: options.client,
    mapper: options.mapper,
    store,
    rules,
    concurrency: options.concurrentSsa ?? 4,
    owner: request.owner,
    force,
    signal: request.signal,
    definedKinds: new Set(),
    compares,
    missing: 'partial' in request && request.partial === true ? [] : undefined,
  });
  return {
    apply: (objects, request) =>
      applyInStages(session(request, request.force === true), objects, request, options.customStageKinds ?? []),
    compare: async (objects, request) => {
      refuseEncrypted(objects);
      const comparing = session(request, request.force === true, true);
      const items = await scopedItems(comparing, desiredObjects(objects, request));
      await watchKinds(comparing, items);
      return compareObjects(comparing, items);
    },
    prune: (ids, request): Promise<PruneResult> => pruneObjects(session(request, false), ids),
    identify: (ids, signal) => scopedIds(ids, (id) => servedResource(options.mapper, id, signal)),
  };
}

async function applyInStages(
  session: Session,
  objects: readonly KubeObject[],
  request: ApplyRequest,
  customStageKinds: readonly string[],
): Promise<readonly Change[]> {
  refuseEncrypted(objects);
  const desired = desiredObjects(objects, request);
  const changes: Change[] = [];
  for (const stage of stagesOf(desired, customStageKinds)) {
    const written = await applyStage(session, await scopedItems(session, stage.items), changes);
    const made = written.map(changeOf);
    changes.push(...made);
    for (const one of written) noteDefinition(session, one);
    if (stage.waits) await waitForStage(session, written, changes);
    await request.onStage?.(made);
  }
  const failures = (session.missing ?? []).map(({ failure }) => failure);
  if (failures.length > 0) throw new ApplyError('partial', errorText(failures, changes), failures, changes);
  return changes;
}

function desiredObjects(objects: readonly KubeObject[], request: ApplyRequest): readonly Desired[] {
  const { owner, commonMetadata, ignoredPaths } = request;
  const pathsOf = (object: KubeObject): readonly FieldPath[] => (ignoredPaths?.(object) ?? []).map(parsePointer);
  return lastOfEach(objects.map((object) => desiredObject(object, owner, commonMetadata, pathsOf(object))));
}

function changeOf({ desired: { id }, action, drift }: Written): Change {
  return drift === undefined ? { id, action } : { id, action, drift };
}

async function scopedItems(session: Session, items: readonly Desired[]): Promise<readonly Desired[]> {
  const ids = await scopedIds(
    items.map(({ id }) => id),
    (id) => resourceOf(session, id),
  );
  return items.map((desired, index) => {
    const id = ids[index] ?? desired.id;
    return id.namespace === desired.id.namespace ? desired : clusterScoped(desired, id);
  });
}

function refuseEncrypted(objects: readonly KubeObject[]): void {
  const failures = objects.filter(isSopsEncrypted).map((object): ObjectFailure => {
    const id = objectId(object);
    const why = 'is SOPS encrypted, configuring decryption is required for this secret to be reconciled';
    return { id, message: `${formatObject(id)} ${why}` };
  });
  if (failures.length === 0) return;
  throw new ApplyError('encrypted', failures.map(({ message }) => message).join('\n'), failures, []);
}

/** The kind that a CRD changed by this run defines: what is unknown of it so far is asked for again. */
function noteDefinition(session: Session, { desired: { id, object }, action }: Written): void {
  if (id.group !== 'apiextensions.k8s.io' || id.kind !== 'CustomResourceDefinition') return;
  const group = textAt(object, 'spec', 'group');
  const kind = textAt(object, 'spec', 'names', 'kind');
  if (group === undefined || kind === undefined || (action !== 'created' && action !== 'configured')) return;
  session.definedKinds.add(kindName({ group, kind }));
}

async function applyStage(
  session: Session,
  items: readonly Desired[],
  before: readonly Change[],
): Promise<readonly Written[]> {
  const plans = await planStage(session, withoutHeld(session, items));
  const refused = plans.filter((plan) => plan.step === 'refuse');
  const missing = refused.map(({ desired, message }): Missing => ({ desired, failure: { id: desired.id, message } }));
  if (session.missing !== undefined) session.missing.push(...missing);
  else if (refused.length > 0) {
    const failures = missing.map(({ failure }) => failure);
    throw new ApplyError('dryRun', errorText(failures, before), failures, before);
  }
  return writeStage(
    session,
    plans.filter((plan) => plan.step !== 'refuse'),
    before,
  );
}

/** Leaves out what depends on something that could not be applied, and notes that. */
function withoutHeld(session: Session, items: readonly Desired[]): readonly Desired[] {
  const { missing } = session;
  if (missing === undefined) return items;
  return items.filter((desired) => {
    const failure = heldBy(desired, missing);
    if (failure !== undefined) missing.push({ desired, failure });
    return failure === undefined;
  });
}

/** Plans every object before anything is written. Those that are known to be as desired cost no request. */
async function planStage(session: Session, items: readonly Desired[]): Promise<readonly Plan[]> {
  await watchKinds(session, items);
  const settled = items.map((desired) => planFromMemory(session, desired));
  const [only, ...others] = items.filter((_, index) => settled[index] === undefined);
  if (only !== undefined && others.length === 0) {
    const plan = await planOnly(session, only);
    return settled.map((known) => known ?? plan);
  }
  return mapLimit(
    items,
    session.concurrency,
    async (desired, index) => settled[index] ?? planWithRequests(session, desired),
  );
}

async function planOnly(session: Session, desired: Desired): Promise<Plan> {
  const resource = await resourceOf(session, desired.id);
  return (
    (resource === undefined ? undefined : planDirect(session, desired, resource)) ?? planWithRequests(session, desired)
  );
}

async function watchKinds(session: Session, items: readonly Desired[]): Promise<void> {
  if (session.store === undefined) return;
  const kinds = new Map(items.map(({ id }) => [`${id.version}/${kindName(id)}`, id]));
  const resources = await mapLimit([...kinds.values()], session.concurrency, (id) => resourceOf(session, id));
  const served = resources.filter((resource) => resource !== undefined);
  const isNew = (resource: Resource): boolean => session.definedKinds.has(kindName(resource));
  // For a second after its CRD the API server answers lists of a kind with "storage is initializing".
  session.store.ready(served.filter(isNew), session.signal).catch(() => {}); // a later run waits for it
  await session.store.ready(
    served.filter((resource) => !isNew(resource)),
    session.signal,
  );
}

/** A kind that is not served, or cannot be looked up now, is the plan's to report. */
async function resourceOf(session: Session, id: ObjectId): Promise<Resource | undefined> {
  try {
    return await resolve(session, id);
  } catch (error) {
    session.signal?.throwIfAborted();
    if (!(error instanceof NoMatchError)) session.mapper.invalidate(id.group);
    return undefined;
  }
}

/** Writes in order of kinds, several objects of one kind at a time; stops at the first part with a failure. */
async function writeStage(
  session: Session,
  plans: readonly Exclude<Plan, { step: 'refuse' }>[],
  before: readonly Change[],
): Promise<readonly Written[]> {
  const written: Written[] = [];
  const parts = partsOf(plans.map((plan) => ({ id: plan.desired.id, plan })));
  for (const part of parts) {
    const free = new Set(
      withoutHeld(
        session,
        part.map(({ plan }) => plan.desired),
      ),
    );
    const ready = part.filter(({ plan }) => free.has(plan.desired));
    const results = await mapLimit(ready, session.concurrency, ({ plan }) => tryWrite(session, plan));
    const failures = results.flatMap((result) => ('failure' in result ? [result.failure] : []));
    written.push(...results.flatMap((result) => ('written' in result ? [result.written] : [])));
    if (session.missing !== undefined) {
      for (const [index, result] of results.entries()) {
        const desired = ready[index]?.plan.desired;
        if ('failure' in result && desired !== undefined) session.missing.push({ desired, failure: result.failure });
      }
    } else if (failures.length > 0) {
      const changes = [...before, ...written.map(changeOf)];
      const code = failures.every(({ refused }) => refused) ? 'dryRun' : 'apply';
      throw new ApplyError(code, errorText(failures, changes), failures, changes);
    }
  }
  return written;
}

async function tryWrite(
  session: Session,
  plan: Exclude<Plan, { step: 'refuse' }>,
): Promise<{ readonly written: Written } | { readonly failure: ObjectFailure & { readonly refused: boolean } }> {
  const { id } = plan.desired;
  try {
    return { written: await write(session, plan) };
  } catch (error) {
    session.signal?.throwIfAborted();
    session.store?.drop(id);
    const refused = error instanceof RefusedError;
    return { failure: { id, message: refused ? error.message : applyFailure(id, error), refused } };
  }
}

/** The bad objects, then what was changed before; each line ends in a newline (spec A4). */
export function errorText(failures: readonly ObjectFailure[], before: readonly Change[]): string {
  const changed = before.filter(({ action }) => action !== 'unchanged' && action !== 'skipped');
  const lines = [
    ...failures.map(({ message }) => message),
    ...changed.map(({ id, action }) => `${formatObject(id)} ${action}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
