import type { Receiver } from '#crds';
import { type CacheEvent, keyString, objectKey } from '#kube';

/** The Receivers by the path that they are called at. */
export class ReceiverIndex {
  readonly #byPath = new Map<string, Receiver>();
  readonly #paths = new Map<string, string>();

  get(path: string): Receiver | undefined {
    return this.#byPath.get(path);
  }

  /** Keeps up with a watch. */
  change({ type, object }: CacheEvent<Receiver>): void {
    const key = keyString(objectKey(object));
    const before = this.#paths.get(key);
    if (before !== undefined) this.#byPath.delete(before);
    this.#paths.delete(key);
    const path = object.status?.webhookPath ?? '';
    if (type === 'deleted' || path === '') return;
    this.#byPath.set(path, object);
    this.#paths.set(key, path);
  }
}
