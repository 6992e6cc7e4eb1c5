import { freshStatus, statusFields } from '../meta/status-fields.ts';
import { array, integer, map, object, optional, type Schema, string, text, time } from '../schema/schema.ts';
import type { HistoryEntry, Inventory, InventoryEntry, KustomizationStatus } from './types.ts';

const inventoryEntry: Schema<InventoryEntry> = object(
  {
    id: string({ description: 'The object, as `<namespace>_<name>_<group>_<kind>`.' }),
    v: string({ description: 'API version of the object, without its group.' }),
  },
  { description: 'One applied object.' },
);

const inventory: Schema<Inventory> = object(
  { entries: array(inventoryEntry, { description: 'The applied objects, in the order in which they were applied.' }) },
  { description: 'What the Kustomization owns in the cluster; pruning works from this list.' },
);

const historyEntry: Schema<HistoryEntry> = object(
  {
    digest: string({ description: 'Digest of the built manifests.' }),
    firstReconciled: time({ description: 'When these manifests first ended with this status.' }),
    lastReconciled: time({ description: 'When they last did.' }),
    lastReconciledDuration: string({ description: 'How long the last of these runs took.' }),
    lastReconciledStatus: string({ description: 'Reason of the Ready condition at the end of the run.' }),
    totalReconciliations: integer({ description: 'How many runs ended like this.' }),
    metadata: optional(map(text, { description: 'Facts of the last of these runs, such as the revision.' })),
  },
  { description: 'Runs of the same manifests that ended the same way.' },
);

export const status: Schema<KustomizationStatus> = object<KustomizationStatus>(
  {
    ...statusFields,
    lastAttemptedRevision: optional(string({ description: 'Revision of the last run that got the artifact.' })),
    lastAppliedRevision: optional(
      string({ description: 'Revision of the last run that applied, pruned and found everything healthy.' }),
    ),
    lastAppliedOriginRevision: optional(
      string({ description: 'Revision of the code that the last applied artifact says it was made from.' }),
    ),
    inventory: optional(inventory),
    history: optional(array(historyEntry, { description: 'The last five kinds of outcome, newest first.' })),
  },
  { description: 'What was applied, and how the last run ended.', default: freshStatus },
);
