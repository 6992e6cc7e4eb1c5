import type { JSONWebKeySet, JWTPayload } from 'jose';
import { isRecord, type JsonRecord } from '../json-record.ts';
import { WebhookRefused } from './webhook.ts';

export interface ExpectedToken {
  /** Any of them. */
  readonly issuers: readonly string[];
  readonly audience: string;
  /** Where the issuer's keys are; unless given, its discovery document tells. */
  readonly keysUrl?: string;
}

/** Asymmetric ones only: a key that everybody can read proves nothing by an HMAC. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Keys are kept for this long, and asked for again at most this often when a token names another, in milliseconds. */
const maxAgeMs = 3_600_000;
const cooldownMs = 10_000;
const maxIssuers = 1000;

interface KnownKeys {
  readonly fetchedAt: number;
  readonly keys: Promise<JSONWebKeySet>;
}

/** Verifies ID tokens against the keys that their issuers publish. */
export class OidcVerifier {
  readonly #fetchJson: (url: string) => Promise<unknown>;
  readonly #now: () => number;
  readonly #known = new Map<string, KnownKeys>();

  constructor(fetchJson: (url: string) => Promise<unknown>, now: () => number) {
    this.#fetchJson = fetchJson;
    this.#now = now;
  }

  /**
   * The claims of a token whose signature, time, issuer and audience are right.
   * @throws WebhookRefused, without the token in its text
   */
  async claims(token: string, expected: ExpectedToken): Promise<JsonRecord> {
    const { errors } = await import('jose'); // few Receivers need it
    try {
      return await this.#verify(token, expected, this.#keysOf(expected, maxAgeMs));
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw refusal(error);
    }
    try {
      return await this.#verify(token, expected, this.#keysOf(expected, cooldownMs)); // it may have rotated its keys
    } catch (error) {
      throw refusal(error);
    }
  }

  async #verify(
    token: string,
    expected: ExpectedToken,
    keys: Promise<JSONWebKeySet>,
  ): Promise<JWTPayload & JsonRecord> {
    const { createLocalJWKSet, jwtVerify } = await import('jose');
    const { payload } = await jwtVerify(token, createLocalJWKSet(await keys), {
      algorithms,
      issuer: [...expected.issuers],
      audience: expected.audience,
      requiredClaims: ['exp'],
      currentDate: new Date(this.#now()),
    });
    return payload;
  }

  #keysOf({ issuers: [issuer = ''], keysUrl }: ExpectedToken, ageMs: number): Promise<JSONWebKeySet> {
    const name = keysUrl ?? issuer;
    const known = this.#known.get(name);
    if (known !== undefined && this.#now() - known.fetchedAt < ageMs) return known.keys;
    const keys = this.#fetchKeys(issuer, keysUrl);
    const entry = { fetchedAt: this.#now(), keys };
    const oldest = this.#known.size >= maxIssuers ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(name, entry);
    keys.catch(() => {
      if (this.#known.get(name) === entry) this.#known.delete(name);
    });
    return keys;
  }

  async #fetchKeys(issuer: string, keysUrl: string | undefined): Promise<JSONWebKeySet> {
    const keys = await this.#fetchJson(keysUrl ?? (await this.#discover(issuer)));
    if (isKeySet(keys)) return keys;
    throw new Error(`the keys of the OIDC issuer '${issuer}' are no JSON Web Key Set`);
  }

  /** https://openid.net/specs/openid-connect-discovery-1_0.html */
  async #discover(issuer: string): Promise<string> {
    const document = await this.#fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (!isRecord(document) || document['issuer'] !== issuer || typeof document['jwks_uri'] !== 'string')
      throw new Error(`the discovery document of the OIDC issuer '${issuer}' names another issuer, or no jwks_uri`);
    return document['jwks_uri'];
  }
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  return isRecord(value) && Array.isArray(value['keys']) && value['keys'].every(isRecord);
}

function refusal(error: unknown): WebhookRefused {
  const why = error instanceof Error ? error.message : String(error);
  return new WebhookRefused(`unable to verify the OIDC token: ${why}`, { cause: error });
}
