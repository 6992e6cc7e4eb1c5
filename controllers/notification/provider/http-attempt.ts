/** One try: an answer, or what kept it from coming. */
export type Attempt =
  | { readonly status: number; readonly body: string; readonly retryAfter?: string | undefined }
  | { readonly error: Error };

/** Bounds of the waits between tries (spec section 6, HTTP client), in milliseconds. */
const minWaitMs = 2000;
const maxWaitMs = 30_000;
/** As much of an answer as an error text quotes. */
const quotedLength = 500;

/** Trying again does not mend a certificate or a header. */
const lastingErrors: readonly RegExp[] = [
  /^UND_ERR_INVALID_/,
  /^ERR_INVALID_/,
  /^ERR_TLS_/,
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/,
  /^ERR_(OSSL|SSL)_/,
];

export function isTransient(attempt: Attempt): boolean {
  if ('status' in attempt) return attempt.status === 429 || (attempt.status >= 500 && attempt.status !== 501);
  const code = codeOf(attempt.error);
  return !lastingErrors.some((pattern) => pattern.test(code));
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * Wait before the next try: 2, 4, 8 … 30 s, or what the server asks for with 429 and 503.
 * @param attempt number of tries before this one
 * @param now milliseconds since the epoch
 */
export function retryDelayMs(attempt: number, outcome: Attempt, now: number): number {
  if ('status' in outcome && (outcome.status === 429 || outcome.status === 503)) {
    const asked = retryAfterMs(outcome.retryAfter, now);
    if (asked !== undefined) return asked;
  }
  return Math.min(minWaitMs * 2 ** attempt, maxWaitMs);
}

/** Seconds or an HTTP date; at most a day, past which timers overflow. */
function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 86_400_000);
}

/** @param mask takes secrets out; before the answer is cut, which could leave half of one */
export function whyItFailed(attempt: Attempt, mask: (text: string) => string): string {
  if ('error' in attempt) return `failed to execute request: ${mask(describe(attempt.error))}`;
  const quoted = mask(attempt.body).trim().slice(0, quotedLength);
  return `request failed with status code ${attempt.status}${quoted === '' ? '' : `, ${quoted}`}`;
}

/** Where several addresses were tried, the reasons are in the parts. */
function describe(error: Error): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(String).join('; ');
  return error.message;
}
