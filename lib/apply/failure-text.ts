import { isInvalid, KubeApiError } from '#kube';
import type { ObjectId, PruneFailure } from './contract.ts';
import { formatObject } from './object-id.ts';

/** Why the API server refuses an object, in the shape that people grep for (spec A10, dry-run error text). */
export function dryRunFailure(id: ObjectId, error: unknown): string {
  return refusal(id, 'dry-run failed', error);
}

export function applyFailure(id: ObjectId, error: unknown): string {
  return refusal(id, 'apply failed', error);
}

/** The words of the API server for a path that it does not serve, which is what a missing namespace leads to. */
export function namespaceNotSpecified(id: ObjectId): string {
  return `${id.kind}/${id.name} namespace not specified: the server could not find the requested resource`;
}

/** `delete failed, errors: a;b;` */
export function pruneMessage(failed: readonly PruneFailure[]): string {
  return `delete failed, errors: ${failed.map(({ error }) => `${error};`).join('')}`;
}

function refusal(id: ObjectId, what: string, error: unknown): string {
  const text = withoutSecrets(id, error instanceof Error ? error.message : String(error));
  const subject = formatObject(id);
  if (!(error instanceof KubeApiError)) return `${subject} ${what}: ${text}`;
  if (error.reason === 'NotFound') {
    return id.namespace === undefined
      ? `${id.kind}/${id.name} namespace not specified: ${text}`
      : `${subject} not found: ${text}`;
  }
  const reason = isManagerConflict(error) ? 'FieldManagerConflict' : error.reason;
  return reason === '' ? `${subject} ${what}: ${text}` : `${subject} ${what} (${reason}): ${text}`;
}

function isManagerConflict(error: KubeApiError): boolean {
  return error.details?.causes?.some(({ reason }) => reason === 'FieldManagerConflict') === true;
}

/** The API server quotes the values that it refuses: those of a Secret stay out of conditions, events and logs. */
function withoutSecrets(id: ObjectId, text: string): string {
  if (id.kind !== 'Secret') return text;
  return text
    .replace(/Value:(?:[^}]*)\}/g, 'Value:*****}')
    .replace(/(Invalid value: )(?:"(?:[^"\\]|\\.)*"|[^:,]*)/g, '$1"*****"')
    .replace(/(cannot convert|expected [a-z ]+, got) .*/gs, '$1 *****');
}

/** Whether re-creating the object may help: what is immutable, invalid or in conflict (trap 21). */
export function isForceable(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  return (
    error.reason === 'Conflict' ||
    isInvalid(error) ||
    error.message.includes('is immutable') ||
    error.message.includes('immutable field')
  );
}

const undeclared = /(\.[^\s:]*(?:\[[^\]]*\][^\s:]*)*): field not declared in schema/g;

/** The paths of fields that the kind does not have, as the API server names them: `.spec.ports[port=80,protocol="TCP"].foo`. */
export function undeclaredFields(error: unknown): readonly string[] {
  if (!(error instanceof KubeApiError)) return [];
  return Array.from(error.message.matchAll(undeclared), (match) => match[1] ?? '');
}
