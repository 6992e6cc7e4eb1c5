import type { Budget } from '../budget.ts';
import type { Value } from '../value.ts';

/** Computes a call; the target of `target.f(x)` comes first. Undefined: there is no such function for these values. */
export type Implementation = (args: readonly Value[], budget: Budget) => Value | undefined;

export type Implementations = Readonly<Record<string, Implementation>>;
