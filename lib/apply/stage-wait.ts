import { mapLimit, sleep } from '#concurrency';
import type { KubeObject } from '#crds';
import type { Change, Health, ObjectId, PendingObject } from './contract.ts';
import { ApplyError } from './error.ts';
import { computeHealth } from './health.ts';
import { healthSource } from './live-entry.ts';
import { formatObject } from './object-id.ts';
import { resolve } from './plan.ts';
import { keyOf, type Session } from './session.ts';
import { waitMessage } from './waits.ts';
import type { Written } from './write.ts';

/** How long foundations and classes may take to become ready, in milliseconds (spec A10). */
const timeoutMs = 60_000;
const againMs = [25, 50, 100, 250] as const;

interface Waiting {
  readonly written: Written;
  health: Health | undefined;
}

/** Waits until every object of the stage is Current, for what the next stages need: established CRDs above all. */
export async function waitForStage(
  session: Session,
  written: readonly Written[],
  changes: readonly Change[],
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  const all = written.map((one): Waiting => ({ written: one, health: known(session, one) }));
  for (let round = 0; ; round++) {
    const open = all.filter(({ health }) => health?.status !== 'Current');
    if (open.length === 0) return;
    if (round > 0) {
      if (performance.now() >= giveUpAt) throw timeoutError(open, changes);
      await sleep(againMs[Math.min(round - 1, againMs.length - 1)] ?? 250, session.signal);
    }
    await mapLimit(open, session.concurrency, async (waiting) => {
      waiting.health = await look(session, waiting.written);
    });
  }
}

/** What needs no request: the answer to our own write, or a kind whose objects are ready once they are there. */
function known(session: Session, { desired, live, action }: Written): Health | undefined {
  if (live !== undefined) return judge(session, desired.id, live);
  if (action === 'skipped' || session.store === undefined) return undefined;
  const seen = session.store.look(desired.id);
  if (seen.sight === 'blind' || seen.entry === undefined) return undefined;
  if (seen.entry.metadata.deletionTimestamp !== undefined) return undefined;
  if (healthSource(desired.id) === 'always') return { status: 'Current', message: '' };
  return session.store.isSettled(desired.id, seen.entry) ? { status: 'Current', message: '' } : seen.entry.health;
}

async function look(session: Session, { desired }: Written): Promise<Health> {
  try {
    const resource = await resolve(session, desired.id);
    const live: KubeObject | undefined = await session.client.find(resource, keyOf(resource, desired.id), {
      signal: session.signal,
    });
    if (live === undefined) return { status: 'NotFound', message: 'Resource not found' };
    return judge(session, desired.id, live);
  } catch (error) {
    session.signal?.throwIfAborted();
    return { status: 'Unknown', message: error instanceof Error ? error.message : String(error) };
  }
}

function judge(session: Session, id: ObjectId, live: KubeObject): Health {
  const health = computeHealth(live, new Date());
  if (health.status === 'Current') session.store?.settle(id, live);
  return health;
}

function timeoutError(open: readonly Waiting[], changes: readonly Change[]): ApplyError {
  const pending = open.map(
    ({ written: { desired }, health }): PendingObject => ({
      id: desired.id,
      status: health?.status,
      message: health?.message ?? '',
    }),
  );
  const message = waitMessage('timeout waiting for', pending);
  const failures = pending.map(({ id, status }) => ({ id, message: `${formatObject(id)} status: '${status}'` }));
  const changed = changes.filter(({ action }) => action !== 'unchanged' && action !== 'skipped');
  const lines = changed.map(({ id, action }) => `${formatObject(id)} ${action}\n`);
  return new ApplyError('wait', `${message}\n${lines.join('')}`, failures, changes);
}
