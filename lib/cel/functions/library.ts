import { arithmetic } from './arithmetic.ts';
import { collectionFunctions } from './collection.ts';
import { conversions, inspections } from './conversion.ts';
import type { Implementation } from './function.ts';
import { textFunctions } from './text.ts';
import { timeFunctions } from './time.ts';

/** Everything that can be called, by the names in types/declarations.ts; what the language itself evaluates is in plan.ts. */
export const library: ReadonlyMap<string, Implementation> = new Map(
  Object.entries({
    ...arithmetic,
    ...conversions,
    ...inspections,
    ...textFunctions,
    ...timeFunctions,
    ...collectionFunctions,
  }),
);
