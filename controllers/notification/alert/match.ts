import type { Alert, EventSource } from '#crds';
import { RE2JS } from 're2js';
import { type Event, isError } from '../event/event.ts';

/** Compiled patterns that are kept. */
const mostPatterns = 1000;

/** Compiles Go regular expressions, each once: Alerts are matched against every event. */
export class Patterns {
  readonly #compiled = new Map<string, RE2JS | Error>();

  get(pattern: string): RE2JS | Error {
    const known = this.#compiled.get(pattern);
    if (known !== undefined) return known;
    if (this.#compiled.size >= mostPatterns) this.#compiled.clear();
    const compiled = compile(pattern);
    this.#compiled.set(pattern, compiled);
    return compiled;
  }
}

function compile(pattern: string): RE2JS | Error {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

export interface Match {
  readonly matches: boolean;
  /** What of the Alert cannot be used, in words; it is left out. */
  readonly problems: readonly string[];
}

/**
 * Inclusion (any must match, when there are some) and exclusion (none may match, it wins), unanchored (spec 5.3). A list of
 * only bad patterns includes nothing.
 */
export function matchMessage(alert: Alert, message: string, patterns: Patterns): Match {
  const problems: string[] = [];
  const anyOf = (list: readonly string[], field: string): boolean =>
    list.some((pattern) => {
      const compiled = patterns.get(pattern);
      if (!(compiled instanceof Error)) return compiled.matcher(message).find();
      problems.push(`failed to compile ${field} regex '${pattern}': ${compiled.message}`);
      return false;
    });
  const { inclusionList = [], exclusionList = [] } = alert.spec;
  const included = inclusionList.length === 0 || anyOf(inclusionList, 'inclusion');
  const excluded = anyOf(exclusionList, 'exclusion');
  return { matches: included && !excluded, problems };
}

/** The sources of an Alert that name the event's object, labels apart; none when the severity is too low or it is suspended. */
export function matchingSources(alert: Alert, event: Event): readonly EventSource[] {
  const { spec, metadata } = alert;
  if (spec.suspend === true || (spec.eventSeverity === 'error' && !isError(event))) return [];
  return spec.eventSources.filter((source) => namesObject(source, metadata.namespace ?? '', event));
}

/** `*` is a wildcard for names, not for namespaces. */
function namesObject(source: EventSource, alertNamespace: string, event: Event): boolean {
  const { kind, name, namespace } = event.involvedObject;
  return (
    source.kind === kind &&
    (source.namespace || alertNamespace) === namespace &&
    (source.name === '*' || source.name === name)
  );
}

const labelValue = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
const labelKey = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

/** Whether an object with these labels is meant by any of the sources; labels that no object can have are a problem. */
export function matchLabels(
  sources: readonly EventSource[],
  labels: Readonly<Record<string, string>> | undefined,
): Match {
  const problems = sources
    .flatMap((source) => Object.entries(source.matchLabels ?? {}))
    .filter(([key, value]) => !labelKey.test(key) || !labelValue.test(value))
    .map(([key, value]) => `error using matchLabels from event source: "${key}: ${value}" is not a valid label`);
  const matches = sources.some((source) =>
    Object.entries(source.matchLabels ?? {}).every(([key, value]) => labels?.[key] === value),
  );
  return { matches, problems };
}
