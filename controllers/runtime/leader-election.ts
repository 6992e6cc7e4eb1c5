import { createHash } from 'node:crypto';
import type { KubeObject } from '#crds';
import { sleep } from '#concurrency';
import { equalJson, isAlreadyExists, isConflict, isNotFound, type KubeClient, type Resource } from '#kube';

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of the Lease: `source-controller-leader-election`, with `shardSuffix`. */
  readonly name: string;
  /** `<hostname>_<uuid>`. */
  readonly identity: string;
  readonly leaseDurationMs: number;
  /** How long a leader goes on while it cannot renew. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly releaseOnCancel: boolean;
  /** Aborted at shutdown. */
  readonly signal: AbortSignal;
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void };
  /** Starts the work; resolves when it is started. A rejection gives the Lease back and is thrown on. */
  readonly onLead: () => Promise<void>;
  /** Ends the work at shutdown, before the Lease is given back: two replicas must not work at the same time. */
  readonly beforeRelease?: (() => Promise<void>) | undefined;
  /** Told when leadership is won and when it ends, for `leader_election_master_status`. */
  readonly onStatus?: ((isLeader: boolean) => void) | undefined;
}

const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
const events: Resource = { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };

/** `-` and the first 8 hexadecimal digits of the selector's sha256: each shard has its own leader. */
export function shardSuffix(selector: string | undefined): string {
  if (selector === undefined || selector === '') return '';
  return `-${createHash('sha256').update(selector).digest('hex').slice(0, 8)}`;
}

/**
 * Waits for leadership, works, and ends with the signal or with the loss of the Lease.
 * @returns whether the Lease was lost: the program must end then, whatever still runs
 */
export async function runAsLeader(options: LeaderElectionOptions): Promise<boolean> {
  const { signal, onStatus } = options;
  const lease = new LeaseHold(options);
  onStatus?.(false);
  if (!(await acquire(lease, options))) return false;
  onStatus?.(true);
  const renewing = new AbortController();
  const renewed = renew(lease, options, AbortSignal.any([signal, renewing.signal]));
  try {
    // The work may take long to start: the Lease is renewed meanwhile, and lost all the same.
    const isLost = await Promise.race([renewed, options.onLead().then(() => renewed)]);
    if (isLost) return true;
    await options.beforeRelease?.();
  } catch (error) {
    renewing.abort();
    await renewed;
    await release(lease, options);
    throw error;
  } finally {
    renewing.abort();
    onStatus?.(false);
  }
  await release(lease, options);
  return false;
}

/** Resolves with false when the signal came first. */
async function acquire(lease: LeaseHold, options: LeaderElectionOptions): Promise<boolean> {
  const { signal, log, name, namespace, retryPeriodMs } = options;
  log.info({ logger: 'runtime' }, `attempting to acquire leader lease ${namespace}/${name}...`);
  while (!signal.aborted) {
    try {
      if (await lease.hold(retryPeriodMs * 2, signal)) {
        log.info({ logger: 'runtime' }, `successfully acquired lease ${namespace}/${name}`);
        await announce(options, lease.object);
        return true;
      }
    } catch (error) {
      if (signal.aborted) return false;
      log.error({ logger: 'runtime', error }, `error retrieving or creating the lease ${namespace}/${name}`);
    }
    await pause(retryPeriodMs * (1 + Math.random() * 0.2), signal); // candidates must not ask in step
  }
  return false;
}

/** Resolves with true when the Lease is lost, with false when the signal comes first. */
async function renew(lease: LeaseHold, options: LeaderElectionOptions, signal: AbortSignal): Promise<boolean> {
  const { retryPeriodMs, renewDeadlineMs, log, name, namespace } = options;
  let renewedAt = performance.now();
  for (;;) {
    await pause(retryPeriodMs, signal);
    if (signal.aborted) return false;
    const leftMs = renewedAt + renewDeadlineMs - performance.now();
    try {
      if (leftMs > 0 && (await lease.hold(leftMs, signal))) {
        renewedAt = performance.now();
        continue;
      }
    } catch (error) {
      if (signal.aborted) return false;
      log.error({ logger: 'runtime', error }, `cannot renew the lease ${namespace}/${name}`);
    }
    if (lease.isTaken || performance.now() - renewedAt >= renewDeadlineMs) return true;
  }
}

async function release(lease: LeaseHold, { releaseOnCancel, log }: LeaderElectionOptions): Promise<void> {
  if (!releaseOnCancel) return;
  try {
    await lease.release();
  } catch (error) {
    log.error({ logger: 'runtime', error }, 'cannot release the lease');
  }
}

/** The event that says who leads, as client-go writes it; its loss harms nobody. */
async function announce({ client, identity, log }: LeaderElectionOptions, lease: KubeObject): Promise<void> {
  const { name, namespace = 'default', uid, resourceVersion } = lease.metadata;
  const at = new Date();
  const timestamp = `${at.toISOString().slice(0, 19)}Z`;
  const event: KubeObject = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${(BigInt(at.getTime()) * 1_000_000n).toString(16)}`, namespace },
    involvedObject: { kind: 'Lease', namespace, name, uid, apiVersion: 'coordination.k8s.io/v1', resourceVersion },
    reason: 'LeaderElection',
    message: `${identity} became leader`,
    source: { component: identity },
    firstTimestamp: timestamp,
    lastTimestamp: timestamp,
    count: 1,
    type: 'Normal',
    reportingComponent: identity,
    reportingInstance: '',
  };
  try {
    await client.create(events, event, { timeoutMs: 5_000 });
  } catch (error) {
    log.error({ logger: 'runtime', error }, 'cannot write the event of the leader election');
  }
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** One candidate's view of the Lease. Another's clock is not believed: a Lease runs out when it stands still for its time here. */
class LeaseHold {
  readonly #options: LeaderElectionOptions;
  #seen: { readonly object: KubeObject; readonly at: number } | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  get object(): KubeObject {
    if (this.#seen === undefined) throw new Error('cannot tell about a lease that was never seen');
    return this.#seen.object;
  }

  /** Whether somebody else holds it now. */
  get isTaken(): boolean {
    const holder = this.#seen === undefined ? undefined : specOf(this.#seen.object).holderIdentity;
    return holder !== undefined && holder !== '' && holder !== this.#options.identity;
  }

  /** Takes or renews the Lease; false when another candidate holds it or was faster. */
  async hold(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity, leaseDurationMs } = this.#options;
    const call = { signal, timeoutMs };
    const now = microTime(new Date());
    const duration = Math.max(1, Math.round(leaseDurationMs / 1000));
    const mine = { holderIdentity: identity, leaseDurationSeconds: duration, renewTime: now };
    try {
      const current = await this.#current(call);
      if (current === undefined) {
        const spec = { ...mine, acquireTime: now, leaseTransitions: 0 };
        const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec };
        this.#see(await client.create(leases, lease, call));
        return true;
      }
      const before = specOf(current);
      if (this.isTaken && !this.#isExpired(before)) return false;
      const isMine = before.holderIdentity === identity;
      const spec = {
        ...before,
        ...mine,
        acquireTime: isMine ? (before.acquireTime ?? now) : now,
        leaseTransitions: (before.leaseTransitions ?? 0) + (isMine ? 0 : 1),
      };
      this.#see(await client.replace(leases, { ...current, spec }, call));
      return true;
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error) && !isNotFound(error)) throw error;
      const found = await client.find(leases, { namespace, name }, call);
      if (found === undefined) {
        this.#seen = undefined; // somebody deleted it: the next try makes it anew
        return false;
      }
      this.#see(found);
      return specOf(this.object).holderIdentity === identity; // our own write, whose answer was lost, or someone was faster
    }
  }

  async release(): Promise<void> {
    const { client, identity } = this.#options;
    if (this.#seen === undefined || specOf(this.#seen.object).holderIdentity !== identity) return;
    const now = microTime(new Date());
    const { leaseTransitions } = specOf(this.#seen.object);
    const spec = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions };
    await client.replace(leases, { ...this.#seen.object, spec }, { timeoutMs: 5_000 });
  }

  /** A leader needs no look: its write fails when the Lease is another's. */
  async #current(call: { signal: AbortSignal; timeoutMs: number }): Promise<KubeObject | undefined> {
    const { client, namespace, name, identity } = this.#options;
    if (this.#seen !== undefined && specOf(this.#seen.object).holderIdentity === identity) return this.#seen.object;
    const found = await client.find(leases, { namespace, name }, call);
    if (found !== undefined) this.#see(found);
    return found;
  }

  #see(object: KubeObject): void {
    const isSame = this.#seen !== undefined && equalJson(specOf(this.#seen.object), specOf(object));
    this.#seen = { object, at: isSame && this.#seen !== undefined ? this.#seen.at : performance.now() };
  }

  #isExpired(spec: LeaseSpec): boolean {
    const durationMs = (spec.leaseDurationSeconds ?? 0) * 1000;
    return this.#seen === undefined || performance.now() - this.#seen.at >= durationMs;
  }
}

function specOf(lease: KubeObject): LeaseSpec {
  const spec = lease['spec'];
  return typeof spec === 'object' && spec !== null ? spec : {}; // the API server has validated it
}

/** metav1.MicroTime. */
function microTime(time: Date): string {
  return `${time.toISOString().slice(0, 23)}000Z`;
}

/** Sleeps; ends early when the signal comes. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, signal).catch(() => {});
}
