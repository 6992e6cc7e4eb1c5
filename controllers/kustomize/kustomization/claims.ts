import type { InventoryEntry, Kustomization } from '#crds';
import { keyOf } from './dependency-order.ts';

/** Which Kustomizations have which objects in their inventories: an object of two of them is a mistake worth telling. */
export class Claims {
  readonly #owners = new Map<string, Set<string>>();
  readonly #claimed = new Map<string, readonly InventoryEntry[]>();
  /** What was last told about a Kustomization, so that it is told once. */
  readonly #told = new Map<string, string>();

  /** Takes over what the status of a Kustomization says. */
  update(kustomization: Kustomization): void {
    const key = keyOf(kustomization);
    const entries = kustomization.status?.inventory?.entries ?? [];
    if (this.#claimed.get(key) === entries) return;
    this.#drop(key);
    this.#claimed.set(key, entries);
    for (const { id } of entries) {
      const owners = this.#owners.get(id);
      if (owners === undefined) this.#owners.set(id, new Set([key]));
      else owners.add(key);
    }
  }

  forget(key: string): void {
    this.#drop(key);
    this.#claimed.delete(key);
    this.#told.delete(key);
  }

  #drop(key: string): void {
    for (const { id } of this.#claimed.get(key) ?? []) {
      const owners = this.#owners.get(id);
      owners?.delete(key);
      if (owners?.size === 0) this.#owners.delete(id);
    }
  }

  /** Entries that others have too, with the first of the others. */
  contested(
    key: string,
    entries: readonly InventoryEntry[],
  ): readonly { readonly entry: InventoryEntry; readonly other: string }[] {
    return entries.flatMap((entry) => {
      const other = [...(this.#owners.get(entry.id) ?? [])].find((owner) => owner !== key);
      return other === undefined ? [] : [{ entry, other }];
    });
  }

  /** Whether the text differs from the last one about this Kustomization. */
  isNews(key: string, text: string): boolean {
    if ((this.#told.get(key) ?? '') === text) return false;
    this.#told.set(key, text);
    return true;
  }
}
