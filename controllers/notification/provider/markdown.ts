import { type Event, isError, objectPath, sortedMetadata } from '../event/event.ts';

/** What comments and Zulip show of an event (spec section 6, last line). */
export function statusMarkdown(event: Event): string {
  const facts = sortedMetadata(event).map(([key, value]) => `* \`${key}\`: ${value}\n`);
  const metadata = facts.length === 0 ? '' : `\nMetadata:\n${facts.join('')}`;
  return `## Flux Status\n\n${isError(event) ? '⚠️' : 'ℹ️'} ${objectPath(event)}\n\n${event.message}\n${metadata}`;
}
