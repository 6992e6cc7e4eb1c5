import { ApplyError, type Change, formatChanges, formatObject, type ObjectId, objectId } from '#apply';
import { applyAnnotation } from '#crds';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';
import { identify } from './identify.ts';
import { ignoredPaths } from './ignore-rules.ts';
import { failureText } from './failure-text.ts';
import { addsTo, inventoryOf, unionOf } from './inventory.ts';
import type { Manifests } from './read-objects.ts';

/**
 * Applies the manifests. What is about to be added is in the inventory before the first write.
 * @throws ReconcileError 'ReconciliationFailed' | 'PartiallyApplied'
 */
export async function applyManifests(
  attempt: Attempt,
  manifests: Manifests,
  deps: Pick<Deps, 'drifts' | 'settings'>,
): Promise<readonly Change[]> {
  const { spec, metadata, status } = attempt.kustomization;
  const before = status?.inventory;
  const ids = await identify(attempt, manifests.objects.map(objectId), 'ReconciliationFailed');
  if (addsTo(before, ids)) {
    await attempt.run.record({ ...attempt.established, inventory: unionOf(before, ids) });
  }
  try {
    const changes = await attempt.access.engine.apply(manifests.objects, {
      owner: { name: metadata.name, namespace: metadata.namespace ?? '' },
      commonMetadata: spec.commonMetadata,
      force: spec.force === true,
      ignoredPaths: ignoredBy(attempt),
      partial: metadata.annotations?.[applyAnnotation] === 'partial',
      signal: attempt.run.signal,
    });
    attempt.establish({ inventory: inventoryOf(changes.map(({ id }) => id)) });
    reportChanges(attempt, changes, deps.settings.groupChangeLog);
    reportDrift(attempt, changes, deps);
    return changes;
  } catch (error) {
    if (!(error instanceof ApplyError)) throw error;
    // What was not reached does not exist on our account; what was belongs to us from now on.
    attempt.establish({
      inventory: unionOf(
        before,
        error.changes.map(({ id }) => id),
      ),
    });
    const told = failureText(error, manifests.places);
    const reason = error.code === 'partial' ? 'PartiallyApplied' : 'ReconciliationFailed';
    throw attempt.failed(reason, new Error(told.condition, { cause: error }), {
      eventMessage: told.event,
    });
  }
}

export function ignoredBy(attempt: Attempt): ReturnType<typeof ignoredPaths> | undefined {
  const rules = attempt.kustomization.spec.ignore ?? [];
  if (rules.length === 0) return undefined;
  try {
    return ignoredPaths(rules);
  } catch (error) {
    throw attempt.failed('ReconciliationFailed', error);
  }
}

/** Says what others changed and who they are; whom to talk to when it goes on. */
function reportDrift(attempt: Attempt, changes: readonly Change[], { drifts }: Pick<Deps, 'drifts'>): void {
  const { lines, disputes } = drifts.report(attempt.key, changes);
  const { metadata } = attempt;
  if (lines.length > 0) {
    attempt.run.event({ type: 'Normal', reason: 'DriftCorrected', message: lines.join('\n'), metadata });
  }
  if (disputes.length === 0) return;
  const advice =
    'repairs come less and less often now, expected one writer: leave the field out of Git, or list it in spec.ignore';
  attempt.run.event({
    type: 'Warning',
    reason: 'DriftDisputed',
    message: `${disputes.join('\n')}\n${advice}`,
    metadata,
  });
}

export function isChanged({ action }: Change): boolean {
  return action === 'created' || action === 'configured' || action === 'deleted';
}

function reportChanges(attempt: Attempt, changes: readonly Change[], grouped: boolean): void {
  const output = grouped
    ? byAction(changes)
    : Object.fromEntries(changes.map(({ id, action }) => [formatObject(id), action]));
  const log = changes.some(isChanged) ? attempt.run.log.info : attempt.run.log.debug;
  log.call(attempt.run.log, { output, revision: attempt.revision }, 'server-side apply completed');
  const changed = changes.filter(isChanged);
  if (changed.length > 0) attempt.tell(formatChanges(changed));
}

function byAction(changes: readonly Change[]): Readonly<Record<string, readonly string[]>> {
  const groups: Record<string, string[]> = {};
  for (const { id, action } of changes) (groups[action] ??= []).push(formatObject(id));
  return groups;
}

/** Objects of which other Kustomizations say that they are theirs, too. */
export function reportContested(attempt: Attempt, ids: readonly ObjectId[], deps: Pick<Deps, 'claims' | 'wake'>): void {
  const before = new Set(attempt.kustomization.status?.inventory?.entries.map(({ id }) => id));
  const contested = deps.claims.contested(attempt.key, inventoryOf(ids).entries);
  // An object that has just moved here is about to leave the other one's inventory.
  for (const { entry, other } of contested) if (!before.has(entry.id)) deps.wake(other);
  const lasting = contested.filter(({ entry }) => before.has(entry.id));
  const lines = lasting.map(({ entry, other }) => {
    const id = ids.find((candidate) => inventoryOf([candidate]).entries[0]?.id === entry.id);
    return `${id === undefined ? entry.id : formatObject(id)} is also applied by Kustomization/${other}`;
  });
  const message =
    lines.length === 0
      ? ''
      : `${lines.join('\n')}\nthe last to run wins, expected each object in one Kustomization only`;
  if (!deps.claims.isNews(attempt.key, message) || message === '') return;
  attempt.run.event({ type: 'Warning', reason: 'ObjectContested', message, metadata: attempt.metadata });
}
