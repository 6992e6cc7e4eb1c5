import { type ApplyError, formatChanges, formatObject } from '#apply';

/** Most failures that a condition lists; the event lists them all. */
const maxInCondition = 3;

/** What is said of a set that could not be applied: every bad object with its place in the source. */
export function failureText(
  error: ApplyError,
  places: ReadonlyMap<string, string>,
): { readonly condition: string; readonly event: string } {
  if (error.code === 'wait') return { condition: error.message, event: error.message };
  const failures = error.failures.map(({ id, message }) => {
    const place = places.get(formatObject(id));
    return place === undefined ? message : `${message} (in ${place})`;
  });
  const changed = error.changes.filter(({ action }) => action !== 'unchanged' && action !== 'skipped');
  const rest = failures.length - maxInCondition;
  const few = rest > 0 ? [...failures.slice(0, maxInCondition), `and ${rest} more, listed in the event`] : failures;
  // Flux's text ends in a newline, behind which the changes stand (spec A4).
  const text = (lines: readonly string[]): string =>
    [...lines, ...(changed.length === 0 ? [] : [formatChanges(changed)])].map((line) => `${line}\n`).join('');
  return { condition: text(few), event: text(failures) };
}
