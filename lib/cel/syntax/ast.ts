import type { Value } from '../value.ts';

/** Of all nodes `at` is the place that a problem with them is shown at, in UTF-16 units: of a call its operator or parenthesis. */
export type Node =
  | { readonly kind: 'constant'; readonly at: number; readonly value: Value }
  /** May begin with a dot, which means nothing here: there are no packages. */
  | { readonly kind: 'identifier'; readonly at: number; readonly name: string }
  | Select
  | Call
  | { readonly kind: 'list'; readonly at: number; readonly items: readonly ListItem[] }
  | { readonly kind: 'map'; readonly at: number; readonly entries: readonly MapEntry[] }
  | { readonly kind: 'message'; readonly at: number; readonly name: string }
  | Comprehension;

/** `operand.field`; with `test` it is `has(operand.field)`. */
export interface Select {
  readonly kind: 'select';
  readonly at: number;
  readonly operand: Node;
  readonly field: string;
  readonly test: boolean;
}

/** Operators are calls too, as `_+_`. */
export interface Call {
  readonly kind: 'call';
  readonly at: number;
  readonly name: string;
  readonly target: Node | undefined;
  readonly args: readonly Node[];
}

export interface ListItem {
  readonly value: Node;
  /** `[?x]`: left out when `x` is an optional without value. */
  readonly optional: boolean;
}

export interface MapEntry {
  readonly at: number;
  readonly key: Node;
  readonly value: Node;
  readonly optional: boolean;
}

/** The loop that macros stand for: `accumulator` starts with `init` and becomes `step` for each item while `condition` holds. */
export interface Comprehension {
  readonly kind: 'comprehension';
  readonly at: number;
  readonly range: Node;
  readonly variable: string;
  readonly accumulator: string;
  readonly init: Node;
  readonly condition: Node;
  readonly step: Node;
  readonly result: Node;
}

/** `a.b.c` for such a chain; undefined for everything else. */
export function qualifiedName(node: Node): string | undefined {
  if (node.kind === 'identifier') return node.name;
  if (node.kind !== 'select' || node.test) return undefined;
  const prefix = qualifiedName(node.operand);
  return prefix === undefined ? undefined : `${prefix}.${node.field}`;
}
