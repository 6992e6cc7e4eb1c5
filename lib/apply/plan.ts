import { sleep } from '#concurrency';
import type { KubeObject } from '#crds';
import { isNotFound, NoMatchError, type Resource } from '#kube';
import { hasStaleMetadata, takeoverPatch } from './cleanup.ts';
import type { Drift, ObjectId } from './contract.ts';
import { differences, formatPath } from './differences.ts';
import { hasDrifted } from './drift.ts';
import { dryRunFailure, isForceable, namespaceNotSpecified, undeclaredFields } from './failure-text.ts';
import { lastWriterOf } from './field-owner.ts';
import { removeField } from './field-path.ts';
import { withLiveValues, withoutIgnored } from './ignored-fields.ts';
import { copyJson } from './json.ts';
import { kindName } from './kind-watches.ts';
import type { LiveEntry } from './live-entry.ts';
import { fingerprintOf } from './managed-fields.ts';
import { type Desired, isTyped } from './normalise.ts';
import { formatObject } from './object-id.ts';
import type { LastApplied } from './records.ts';
import { applyObject, keyOf, type Session } from './session.ts';
import { createsOnce, switchesOf } from './switches.ts';

/** What is to be done with one object. */
export type Plan =
  | { readonly step: 'none'; readonly desired: Desired; readonly action: 'unchanged' | 'skipped' }
  | {
      readonly step: 'apply';
      readonly desired: Desired;
      readonly resource: Resource;
      readonly action: 'created' | 'configured';
      /** Fields or bookkeeping of an earlier applier are to be taken over first. */
      readonly takeover: boolean;
      /** What others had changed since our last write. */
      readonly drift?: Drift | undefined;
    }
  | {
      readonly step: 'recreate';
      readonly desired: Desired;
      readonly resource: Resource;
      readonly uid: string | undefined;
    }
  /** The one write of its stage, of an object that is as we left it: the write is its own validation. */
  | { readonly step: 'direct'; readonly desired: Desired; readonly resource: Resource; readonly record: LastApplied }
  | { readonly step: 'refuse'; readonly desired: Desired; readonly message: string };

/** How long the API server may take to serve a kind whose CRD was just applied, in milliseconds. */
const servedWithinMs = 10_000;
const askAgainMs = 100;
/** A dry-run within this time of the last write cannot be told from it by the time of its managed fields, in milliseconds. */
const ambiguousMs = 2_000;
/** How often fields that a kind does not have are dropped and the object tried again. */
const dropRounds = 10;

/** What can be said with no request; undefined: `planWithRequests` must. */
export function planFromMemory(session: Session, desired: Desired): Plan | undefined {
  if (switchesOf(desired.object.metadata).ignored) return { step: 'none', desired, action: 'skipped' };
  if (session.store?.isUnchanged(desired, session.owner) !== true) return undefined;
  const seen = session.store.look(desired.id);
  const skipped =
    seen.sight === 'clear' && seen.entry !== undefined && (seen.entry.switches.ignored || createsOnce(desired.object));
  return { step: 'none', desired, action: skipped ? 'skipped' : 'unchanged' };
}

/** The plan for the only object of a stage that is not settled yet, where no validation before the write is needed. */
export function planDirect(session: Session, desired: Desired, resource: Resource): Plan | undefined {
  const record = session.store?.untouched(desired.id, session.owner);
  if (record === undefined || createsOnce(desired.object) || desired.ignored.length > 0) return undefined;
  const seen = session.store?.look(desired.id);
  if (seen?.sight !== 'clear' || seen.entry === undefined || seen.entry.foldable || seen.entry.switches.ignored)
    return undefined;
  return { step: 'direct', desired, resource, record };
}

/** Asks the API server what applying would do. Refusals are part of the plan; only an abort is thrown. */
export async function planWithRequests(session: Session, desired: Desired): Promise<Plan> {
  const { id } = desired;
  try {
    const resource = await resolve(session, id);
    if (resource.namespaced && id.namespace === undefined) {
      return { step: 'refuse', desired, message: namespaceNotSpecified(id) };
    }
    return await planResolved(session, desired, resource);
  } catch (error) {
    session.signal?.throwIfAborted();
    const noMatch = error instanceof NoMatchError;
    const message = noMatch ? `${formatObject(id)} dry-run failed: ${error.message}` : dryRunFailure(id, error);
    return { step: 'refuse', desired, message };
  }
}

/** The resource of a kind; one whose CRD belongs to this run is waited for. */
export async function resolve(session: Session, id: ObjectId): Promise<Resource> {
  const giveUpAt = performance.now() + (session.definedKinds.has(kindName(id)) ? servedWithinMs : 0);
  for (;;) {
    try {
      return await session.mapper.resourceFor(id, { signal: session.signal });
    } catch (error) {
      if (!(error instanceof NoMatchError) || performance.now() >= giveUpAt) throw error;
      await sleep(askAgainMs, session.signal);
      session.mapper.invalidate(id.group);
    }
  }
}

async function planResolved(session: Session, desired: Desired, resource: Resource): Promise<Plan> {
  const { store } = session;
  const seen = store?.look(desired.id) ?? { sight: 'blind' as const };
  const entry = seen.sight === 'clear' ? seen.entry : undefined;
  if (entry?.switches.ignored === true) return { step: 'none', desired, action: 'skipped' };
  if (createsOnce(desired.object)) {
    const exists = entry !== undefined || (await findLive(session, resource, desired.id)) !== undefined;
    if (exists) return { step: 'none', desired, action: 'skipped' };
  }
  // Read along where the object is known to be there, or nothing is known; else the dry-run itself tells.
  const reading =
    seen.sight === 'blind' || desired.ignored.length > 0 || (entry !== undefined && store?.isKnown(desired.id) === true)
      ? findLive(session, resource, desired.id)
      : undefined;
  reading?.catch(() => {}); // awaited below, unless the dry-run throws first
  const tried = await dryRun(session, await withIgnored(session, desired, reading), resource);
  if ('error' in tried) {
    const live = await (reading ?? findLive(session, resource, desired.id));
    return planRefused(session, desired, resource, live, tried.error);
  }
  const { sent, answer } = tried;
  if (reading === undefined && entry !== undefined && provesNoChange(session, desired, entry, answer)) {
    store?.keep(desired, session.owner, answer);
    return { step: 'none', desired, action: 'unchanged' };
  }
  if (answer.metadata.resourceVersion === undefined) {
    return { step: 'apply', desired: sent, resource, action: 'created', takeover: false };
  }
  const live = await (reading ?? findLive(session, resource, desired.id));
  return planAgainst(session, desired, sent, resource, live, answer);
}

/** Compares with the live object, where it is there. */
function planAgainst(
  session: Session,
  desired: Desired,
  sent: Desired,
  resource: Resource,
  live: KubeObject | undefined,
  answer: KubeObject,
): Plan {
  if (live !== undefined && switchesOf(live.metadata).ignored) return { step: 'none', desired, action: 'skipped' };
  const takeover = live !== undefined && takeoverPatch(live, session.rules) !== undefined;
  if (live !== undefined && !takeover && !hasDrifted(live, answer, desired.ignored)) {
    session.store?.keep(desired, session.owner, live);
    return { step: 'none', desired, action: 'unchanged' };
  }
  const drift = live === undefined ? undefined : driftOf(session, desired, live, answer);
  return { step: 'apply', desired: sent, resource, action: 'configured', takeover, drift };
}

/** Others changed it if what we want is what we wanted at our last write. */
function driftOf(session: Session, desired: Desired, live: KubeObject, answer: KubeObject): Drift | undefined {
  const ours = session.store?.lastApplied(desired.id, session.owner);
  if (!session.compares && ours?.digest !== desired.digest) return undefined;
  const paths = differences(withoutIgnored(live, desired.ignored), withoutIgnored(answer, desired.ignored));
  const { fieldManager } = session.rules;
  return {
    fields: paths.map((path) => ({
      path: formatPath(path, live),
      manager: lastWriterOf(live, path, fieldManager),
    })),
  };
}

/** What is sent of an object with fields that others may change: once it exists they are others'. */
async function withIgnored(
  session: Session,
  desired: Desired,
  reading: Promise<KubeObject | undefined> | undefined,
): Promise<Desired> {
  const live = desired.ignored.length === 0 ? undefined : await reading;
  if (live === undefined) return desired;
  const object = withLiveValues(desired.object, live, desired.ignored, session.rules.fieldManager);
  return { ...desired, object };
}

async function planRefused(
  session: Session,
  desired: Desired,
  resource: Resource,
  live: KubeObject | undefined,
  error: unknown,
): Promise<Plan> {
  if (live !== undefined) {
    const switches = switchesOf(live.metadata);
    if (switches.ignored) return { step: 'none', desired, action: 'skipped' };
    const force = session.force || switches.forced || switchesOf(desired.object.metadata).forced;
    if (force && isForceable(error)) return { step: 'recreate', desired, resource, uid: live.metadata.uid };
  }
  return { step: 'refuse', desired, message: dryRunFailure(desired.id, error) };
}

type Tried = { readonly sent: Desired; readonly answer: KubeObject } | { readonly error: unknown };

/** Fields that a built-in kind does not have are dropped, as Flux's typed client does, instead of failing the stage. */
async function dryRun(session: Session, desired: Desired, resource: Resource): Promise<Tried> {
  const giveUpAt = performance.now() + (session.definedKinds.has(kindName(desired.id)) ? servedWithinMs : 0);
  let sent = desired;
  for (let round = 0; ; ) {
    try {
      return { sent, answer: await applyObject(session, resource, sent.object, true) };
    } catch (error) {
      session.signal?.throwIfAborted();
      if (isNotServedYet(error) && performance.now() < giveUpAt) {
        await sleep(askAgainMs, session.signal);
        continue;
      }
      const object =
        round < dropRounds && isTyped(desired.id) ? withoutFields(sent.object, undeclaredFields(error)) : undefined;
      if (object === undefined) return { error };
      sent = { ...desired, object };
      round += 1;
    }
  }
}

function isNotServedYet(error: unknown): boolean {
  return isNotFound(error) && error instanceof Error && error.message.includes('could not find the requested resource');
}

function withoutFields(object: KubeObject, paths: readonly string[]): KubeObject | undefined {
  if (paths.length === 0) return undefined;
  const copy = copyJson(object, false) as KubeObject; // a copy of an object is an object
  const removed = paths.map((path) => removeField(copy, path));
  return removed.includes(true) ? copy : undefined;
}

/** Errors of this read are ignored, as in Flux: the dry-run tells what is wrong. */
async function findLive(session: Session, resource: Resource, id: ObjectId): Promise<KubeObject | undefined> {
  try {
    return await session.client.find(resource, keyOf(resource, id), { signal: session.signal });
  } catch {
    session.signal?.throwIfAborted();
    return undefined;
  }
}

/**
 * The API server moves the time of our managed-fields entry when applying would change anything. An answer whose entry equals the
 * live one's, made well after it, says that there is nothing to write: one request instead of two after a restart.
 */
function provesNoChange(session: Session, desired: Desired, entry: LiveEntry, answer: KubeObject): boolean {
  const { metadata } = answer;
  if (metadata.resourceVersion === undefined || metadata.resourceVersion !== entry.metadata.resourceVersion)
    return false;
  if (entry.foldable && !entry.switches.keepsForeignFields) return false;
  if (hasStaleMetadata(answer) || desired.id.kind === 'HorizontalPodAutoscaler') return false;
  const own = metadata.managedFields?.find(
    ({ manager, operation }) => manager === session.rules.fieldManager && operation === 'Apply',
  );
  const age = Date.now() - Date.parse(own?.time ?? '');
  return (
    age > ambiguousMs && entry.fingerprint !== undefined && fingerprintOf(metadata, session.rules) === entry.fingerprint
  );
}
