import type { Alert, EventSource } from '#crds';
import { RE2JS } from 're2js';
import { type Event, eventMetadataOf, groupMetadata } from '../event/event.ts';

/** Compiles Go regular expressions, each once. Alerts are matched against every event. */
export class Patterns {
  readonly #compiled = new Map<string, RE2JS | Error>();

  get(pattern: string): RE2JS | Error {
    const known = this.#compiled.get(pattern);
    if (known !== undefined) return known;
    if (this.#compiled.size > 1000) this.#compiled.clear();
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

export interface MessageMatch {
  readonly matches: boolean;
  /** Patterns that cannot be used, in words. They are left out, so a list of only bad ones includes nothing. */
  readonly problems: readonly string[];
}

/** Inclusion (any must match, when there are some) and exclusion (none may match, it wins), unanchored (spec 5.3). */
export function matchMessage(alert: Alert, message: string, patterns: Patterns): MessageMatch {
  const problems: string[] = [];
  const anyOf = (list: readonly string[], field: string): boolean =>
    list.some((pattern) => {
      const compiled = patterns.get(pattern);
      if (!(compiled instanceof Error)) return compiled.matcher(message).find();
      problems.push(`failed to compile spec.${field} regex '${pattern}': ${compiled.message}`);
      return false;
    });
  const { inclusionList = [], exclusionList = [] } = alert.spec;
  const included = inclusionList.length === 0 || anyOf(inclusionList, 'inclusionList');
  const excluded = anyOf(exclusionList, 'exclusionList');
  return { matches: included && !excluded, problems };
}

/** Whether a source names the event's object, labels apart. `*` is a wildcard for names, not for namespaces. */
export function matchesSource(source: EventSource, alertNamespace: string, event: Event): boolean {
  const { kind, name, namespace } = event.involvedObject;
  return (
    source.kind === kind &&
    (source.namespace || alertNamespace) === namespace &&
    (source.name === '*' || source.name === name)
  );
}

export function matchesSeverity(alert: Alert, event: Event): boolean {
  return alert.spec.eventSeverity !== 'error' || event.severity === 'error';
}

export function matchesLabels(
  wanted: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(wanted).every(([key, value]) => labels?.[key] === value);
}

const gitProviders: ReadonlySet<string> = new Set([
  'github',
  'gitlab',
  'gitea',
  'bitbucket',
  'bitbucketserver',
  'azuredevops',
]);
const commentProviders: ReadonlySet<string> = new Set([
  'githubpullrequestcomment',
  'giteapullrequestcomment',
  'gitlabmergerequestcomment',
]);

export function isCommitStatusProvider(type: string): boolean {
  return gitProviders.has(type);
}

/** Which events a type of provider takes (spec 5.3, the last three rows). */
export function takesEvent(type: string, event: Event): boolean {
  const isUpdate = groupMetadata(event, 'commit_status') === 'update';
  if (gitProviders.has(type)) {
    return isUpdate || event.severity === 'error' || (eventMetadataOf(event, 'commit') ?? '') !== '';
  }
  if (commentProviders.has(type)) return (eventMetadataOf(event, 'change_request') ?? '') !== '';
  return !isUpdate || type === 'generic' || type === 'generic-hmac';
}
