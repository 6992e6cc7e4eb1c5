import {
  forceSwitch,
  type KubeObject,
  type ObjectMeta,
  ownerNameLabel,
  ownerNamespaceLabel,
  pruneSwitch,
  reconcileSwitch,
  ssaSwitch,
} from '#crds';
import type { Owner } from './contract.ts';

type Metadata = Pick<ObjectMeta, 'labels' | 'annotations'>;

/** Whether a label or an annotation has this value, in whatever case (spec A10, trap 17). */
function hasSwitch(metadata: Metadata | undefined, key: string, value: string): boolean {
  return [metadata?.labels?.[key], metadata?.annotations?.[key]].some(
    (found) => typeof found === 'string' && found.toLowerCase() === value.toLowerCase(),
  );
}

/** What the switches on a live object say, kept instead of its labels and annotations. */
export interface Switches {
  /** Neither applied nor deleted. */
  readonly ignored: boolean;
  readonly keepsForeignFields: boolean;
  readonly neverPruned: boolean;
  readonly forced: boolean;
}

const none: Switches = { ignored: false, keepsForeignFields: false, neverPruned: false, forced: false };

export function switchesOf(metadata: Metadata): Switches {
  const switches: Switches = {
    ignored: hasSwitch(metadata, reconcileSwitch, 'disabled') || hasSwitch(metadata, ssaSwitch, 'Ignore'),
    keepsForeignFields: hasSwitch(metadata, ssaSwitch, 'Merge'),
    neverPruned: hasSwitch(metadata, pruneSwitch, 'disabled'),
    forced: hasSwitch(metadata, forceSwitch, 'enabled'),
  };
  return Object.values(switches).includes(true) ? switches : none; // most objects share one value
}

/** `ssa: IfNotPresent` counts on the desired object only. */
export function createsOnce(desired: KubeObject): boolean {
  return hasSwitch(desired.metadata, ssaSwitch, 'IfNotPresent');
}

export function ownerLabels(owner: Owner): Readonly<Record<string, string>> {
  return { [ownerNameLabel]: owner.name, [ownerNamespaceLabel]: owner.namespace };
}

/** `namespace/name` of the owner that the labels name. */
export function ownerOf(metadata: Metadata): string | undefined {
  const name = metadata.labels?.[ownerNameLabel];
  return name === undefined ? undefined : `${metadata.labels?.[ownerNamespaceLabel] ?? ''}/${name}`;
}

export function ownerKey(owner: Owner): string {
  return `${owner.namespace}/${owner.name}`;
}
