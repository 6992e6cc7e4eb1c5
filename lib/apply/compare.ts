import { mapLimit } from '#concurrency';
import type { Change, Comparison } from './contract.ts';
import type { ObjectFailure } from './error.ts';
import type { Desired } from './normalise.ts';
import { type Plan, planFromMemory, planWithRequests } from './plan.ts';
import type { Session } from './session.ts';

/** What applying would do, and what the API server would refuse. Writes nothing. */
export async function compareObjects(session: Session, desired: readonly Desired[]): Promise<Comparison> {
  const plans = await mapLimit(
    desired,
    session.concurrency,
    async (one): Promise<Plan> => planFromMemory(session, one) ?? planWithRequests(session, one),
  );
  const changes: Change[] = [];
  const failures: ObjectFailure[] = [];
  for (const plan of plans) {
    const { id } = plan.desired;
    if (plan.step === 'refuse') failures.push({ id, message: plan.message });
    else if (plan.step === 'none') changes.push({ id, action: plan.action });
    else if (plan.step === 'apply') changes.push({ id, action: plan.action, drift: plan.drift });
    else changes.push({ id, action: 'configured' });
  }
  return { changes, failures };
}
