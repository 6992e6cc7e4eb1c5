import { sleep } from '#concurrency';
import type { Condition, KubeObject } from '#crds';
import { isConflict, isNotFound, type KubeClient, mergePatch, objectKey, type Resource } from '#kube';
import { sortConditions } from './conditions.ts';
import type { CommonStatus } from './status.ts';

/** What a writer asks of the API. */
export type StatusClient = Pick<KubeClient, 'patch' | 'find'>;

type WithStatus = KubeObject & { readonly status?: CommonStatus };

/** Tries of one write against writers that come between (spec B1). */
const maxTries = 5;

/**
 * Writes the status of one object during one run: one merge patch per change, under the resourceVersion that was read, so
 * that a writer in between is seen. Conditions of types that are not ours survive.
 */
export class StatusWriter {
  readonly #client: StatusClient;
  readonly #resource: Resource;
  readonly #fieldManager: string;
  readonly #ownedTypes: ReadonlySet<string>;
  /** As the server has it. */
  #object: WithStatus;
  /** A status that waits to be written, or never is because a later one replaces it. */
  #staged: CommonStatus | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(
    client: StatusClient,
    resource: Resource,
    fieldManager: string,
    ownedTypes: ReadonlySet<string>,
    object: WithStatus,
  ) {
    this.#client = client;
    this.#resource = resource;
    this.#fieldManager = fieldManager;
    this.#ownedTypes = ownedTypes;
    this.#object = object;
  }

  /** The object as it was last read or written, with the status that is staged. */
  get object(): WithStatus {
    return this.#staged === undefined ? this.#object : { ...this.#object, status: this.#staged };
  }

  /** Goes on from a newer copy of the object, which someone else wrote; what is staged was about the older one. */
  adopt(newer: WithStatus): void {
    this.#object = newer;
    this.#staged = undefined;
  }

  /** Changes the status without writing it; the next write takes it along. */
  stage(change: (object: WithStatus) => CommonStatus): void {
    this.#staged = change(this.object);
  }

  /** Writes what is staged, if anything still is. */
  flush(): Promise<void> {
    return this.write((object) => object.status ?? {});
  }

  /** Brings the status to what `change` makes of the present one; nothing is sent when that is the same. Writes keep their order. */
  write(change: (object: WithStatus) => CommonStatus): Promise<void> {
    const turn = this.#last.then(() => this.#write(change));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when the writes so far have ended, well or not. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #write(change: (object: WithStatus) => CommonStatus): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const staged = this.#staged;
      const wanted = change(this.object);
      const status = { ...wanted, conditions: this.#withForeign(wanted.conditions ?? []) };
      const patch = mergePatch(this.#object.status ?? {}, status);
      const body = { metadata: { resourceVersion: this.#object.metadata.resourceVersion }, status: patch };
      try {
        if (patch !== undefined) this.#object = await this.#send(body);
        // What was staged meanwhile is about a later run.
        if (this.#staged === staged) this.#staged = undefined;
        return;
      } catch (error) {
        if (isNotFound(error)) return; // gone meanwhile: nobody is left to tell
        if (!isConflict(error) || attempt >= maxTries) throw error;
        await sleep(100 * (1 + Math.random()));
        const live = await this.#client.find(this.#resource, objectKey(this.#object));
        if (live === undefined) return;
        this.#object = live; // a GET of an object of this kind
      }
    }
  }

  #send(body: object): Promise<WithStatus> {
    return this.#client.patch(this.#resource, objectKey(this.#object), body, {
      type: 'merge',
      subresource: 'status',
      fieldManager: this.#fieldManager,
    });
  }

  #withForeign(conditions: readonly Condition[]): readonly Condition[] {
    const foreign = (this.#object.status?.conditions ?? []).filter(
      (condition) => !this.#ownedTypes.has(condition.type),
    );
    const known = new Set(foreign.map((condition) => condition.type));
    return sortConditions([...conditions.filter((condition) => !known.has(condition.type)), ...foreign]);
  }
}
