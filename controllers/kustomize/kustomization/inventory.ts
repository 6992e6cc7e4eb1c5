import { inventoryEntry, type ObjectId, parseInventoryEntry } from '#apply';
import type { Inventory, InventoryEntry } from '#crds';

/** The objects of an inventory; entries that nobody can read are left out. */
export function inventoryIds(inventory: Inventory | undefined): readonly ObjectId[] {
  return (inventory?.entries ?? []).flatMap((entry) => {
    try {
      return [parseInventoryEntry(entry)];
    } catch (error) {
      if (error instanceof TypeError) return [];
      throw error;
    }
  });
}

export function inventoryOf(ids: readonly ObjectId[]): Inventory {
  return { entries: distinct(ids.map(inventoryEntry)) };
}

/** The inventory and what is about to be added: written before the first write, so that a killed run leaves no orphan. */
export function unionOf(before: Inventory | undefined, ids: readonly ObjectId[]): Inventory {
  return { entries: distinct([...(before?.entries ?? []), ...ids.map(inventoryEntry)]) };
}

/** Whether the inventory lacks one of the objects. */
export function addsTo(before: Inventory | undefined, ids: readonly ObjectId[]): boolean {
  const known = new Set(before?.entries.map(({ id }) => id));
  return ids.some((id) => !known.has(inventoryEntry(id).id));
}

/** The first entry of each object: one object under two API versions is still one. */
function distinct(entries: readonly InventoryEntry[]): readonly InventoryEntry[] {
  const seen = new Set<string>();
  return entries.filter(({ id }) => !seen.has(id) && seen.add(id));
}
