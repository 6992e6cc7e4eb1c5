import { CelError, type CompiledExpression, compileExpression } from '#cel';
import type { KubeObject, Receiver, ReceiverResource, ReceiverSpec } from '#crds';
import { isRecord, type JsonRecord } from '../json-record.ts';
import type { Webhook } from './webhook.ts';

type Filter = CompiledExpression<'bool'>;

/** `resourceFilter` and `resources[].filter` of one Receiver (spec section 7, CEL). */
export class ResourceFilters {
  readonly #forAll: Filter | undefined;
  readonly #own: ReadonlyMap<ReceiverResource, Filter>;

  private constructor(forAll: Filter | undefined, own: ReadonlyMap<ReceiverResource, Filter>) {
    this.#forAll = forAll;
    this.#own = own;
  }

  /**
   * Compiled once for a spec, which the watch hands over unchanged until someone edits it.
   * @throws CelError for what is no CEL over `res` and `req`, or gives no bool
   */
  static of({ spec }: Receiver): ResourceFilters {
    const known = compiled.get(spec);
    if (known !== undefined) return known;
    const compile = compilerOf(spec.type === 'generic-oidc');
    const own = spec.resources.flatMap((resource): [ReceiverResource, Filter][] =>
      resource.filter ? [[resource, compile(resource.filter)]] : [],
    );
    const filters = new ResourceFilters(spec.resourceFilter ? compile(spec.resourceFilter) : undefined, new Map(own));
    compiled.set(spec, filters);
    return filters;
  }

  get isEmpty(): boolean {
    return this.#forAll === undefined && this.#own.size === 0;
  }

  /** Whether an object has to be looked at before it is known to be wanted. */
  concerns(resource: ReceiverResource): boolean {
    return this.#forAll !== undefined || this.#own.has(resource);
  }

  /**
   * Both filters must hold.
   * @param object its metadata; spec and status are not shown to filters
   * @throws CelError
   */
  wants(
    resource: ReceiverResource,
    { apiVersion, kind, metadata }: KubeObject,
    req: JsonRecord,
    claims?: JsonRecord,
  ): boolean {
    const variables = { res: { apiVersion, kind, metadata }, req, ...(claims === undefined ? {} : { claims }) };
    const own = this.#own.get(resource);
    return (this.#forAll?.evaluate(variables) ?? true) && (own?.evaluate(variables) ?? true);
  }
}

const compiled = new WeakMap<ReceiverSpec, ResourceFilters>();

/** @param withClaims whether there are `claims` of a token */
function compilerOf(withClaims: boolean): (text: string) => Filter {
  return (text) =>
    compileExpression(text, {
      variables: { res: 'map', req: 'map', ...(withClaims ? { claims: 'map' as const } : {}) },
      result: 'bool',
      check: true,
      doubles: ['req', 'claims'], // as Go reads JSON of unknown form
    });
}

/**
 * What filters see as `req`: the body, or nothing when it does not say that it is JSON.
 * @throws CelError when it is no JSON object
 */
export function requestVariable({ headers, body }: Webhook): JsonRecord {
  if (!isJson(headers['content-type'])) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw new CelError('evaluate', 'cannot read the body of the webhook as JSON, which its Content-Type says it is');
  }
  if (parsed === null) return {};
  if (!isRecord(parsed))
    throw new CelError('evaluate', 'cannot filter by the body of the webhook: it is no JSON object');
  return parsed;
}

function isJson(contentType: string | undefined): boolean {
  return (contentType ?? '').split(',').some((one) => one.split(';')[0]?.trim().toLowerCase() === 'application/json');
}
