import { sleep } from '#concurrency';
import type { KubeObject } from '#crds';
import { isConflict, isNotFound, type Resource } from '#kube';
import { takeoverPatch } from './cleanup.ts';
import type { Action, Drift, ObjectId } from './contract.ts';
import { identity } from './object-id.ts';
import type { Desired } from './normalise.ts';
import { type Plan, planWithRequests } from './plan.ts';
import { applyObject, keyOf, type Session } from './session.ts';

/** What a write left, and the object as the API server returned it (absent: nothing was written). */
export interface Written {
  readonly desired: Desired;
  readonly action: Action;
  readonly live?: KubeObject | undefined;
  readonly drift?: Drift | undefined;
}

/** Someone else wrote between our read and our patch: read again, so often. */
const takeoverTries = 5;
const goneAgainMs = [25, 50, 100, 250] as const;

/** Thrown by a direct write that the API server refused: nothing was written. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

export async function write(session: Session, plan: Exclude<Plan, { step: 'refuse' }>): Promise<Written> {
  const { desired } = plan;
  if (plan.step === 'none') return { desired, action: plan.action };
  using _held = session.store?.writing(desired.id);
  switch (plan.step) {
    case 'apply':
      if (plan.takeover) await takeOver(session, plan.resource, desired.id);
      return {
        desired,
        action: plan.action,
        live: await applyAndKeep(session, plan.resource, desired),
        drift: plan.drift,
      };
    case 'recreate':
      await removeWholly(session, plan.resource, desired.id, plan.uid);
      return { desired, action: 'created', live: await applyAndKeep(session, plan.resource, desired) };
    case 'direct':
      return await writeDirectly(session, plan); // what is held must be held until then
  }
}

async function applyAndKeep(session: Session, resource: Resource, desired: Desired): Promise<KubeObject> {
  const live = await applyObject(session, resource, desired.object, false);
  session.store?.keep(desired, session.owner, live);
  return live;
}

/** The write tells by itself whether anything changed: the API server moves no version for nothing. */
async function writeDirectly(session: Session, plan: Extract<Plan, { step: 'direct' }>): Promise<Written> {
  const { desired, resource, record } = plan;
  const seen = session.store?.look(desired.id);
  const before = seen?.sight === 'clear' ? seen.entry?.metadata.resourceVersion : undefined;
  try {
    const live = await applyAndKeep(session, resource, desired);
    const { uid, resourceVersion } = live.metadata;
    if (uid !== record.uid) return { desired, action: 'created', live };
    const same = resourceVersion === record.resourceVersion || resourceVersion === before;
    return { desired, action: same ? 'unchanged' : 'configured', live };
  } catch {
    session.signal?.throwIfAborted();
    const careful = await planWithRequests(session, desired);
    if (careful.step === 'refuse') throw new RefusedError(careful.message);
    return write(session, careful);
  }
}

async function takeOver(session: Session, resource: Resource, id: ObjectId): Promise<void> {
  const key = keyOf(resource, id);
  for (let tries = 1; ; tries++) {
    const live = await session.client.find(resource, key, { signal: session.signal });
    const patch = live === undefined ? undefined : takeoverPatch(live, session.rules);
    if (patch === undefined) return;
    try {
      await session.client.patch(resource, key, patch, {
        type: 'json',
        fieldManager: session.rules.fieldManager,
        signal: session.signal,
      });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error) || tries === takeoverTries) throw error;
    }
  }
}

/** Deletes in the background and returns when the object is gone: its finalizers decide how long that takes. */
async function removeWholly(
  session: Session,
  resource: Resource,
  id: ObjectId,
  uid: string | undefined,
): Promise<void> {
  const key = keyOf(resource, id);
  session.store?.drop(id);
  try {
    await session.client.delete(resource, key, {
      propagationPolicy: 'Background',
      preconditions: { uid },
      signal: session.signal,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  for (let round = 0; ; round++) {
    const live = await session.client.find(resource, key, { metadataOnly: true, signal: session.signal });
    if (live === undefined || live.metadata.uid !== uid) return;
    await sleep(goneAgainMs[Math.min(round, goneAgainMs.length - 1)] ?? 250, session.signal);
  }
}

/** Later objects of one identity win: writes of one kind go out together, and must not race for the same object. */
export function lastOfEach(desired: readonly Desired[]): readonly Desired[] {
  return [...new Map(desired.map((item) => [identity(item.id), item])).values()];
}
