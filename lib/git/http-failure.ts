import { GitError } from './git-error.ts';

const tlsWords: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'x509: certificate signed by unknown authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'x509: certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'x509: certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
};

/** Says why a request got no answer, in the words that Flux's users know and search for. */
export function describeFailure(error: unknown, what: string, target: URL, signal: AbortSignal): unknown {
  if (signal.aborted) return abortError(signal, what);
  if (error instanceof GitError) return error;
  const cause = firstCause(error);
  return new GitError('unreachable', `${what}: ${wordsOf(cause, target)}`, { cause: error });
}

/** A deadline is a failure with words; any other abort (a shutdown, a deleted object) is passed on as it is. */
export function abortError(signal: AbortSignal, what: string): unknown {
  const reason: unknown = signal.reason;
  const timedOut = reason instanceof DOMException && reason.name === 'TimeoutError';
  return timedOut ? new GitError('timeout', `${what}: context deadline exceeded`, { cause: reason }) : reason;
}

interface Cause {
  readonly code: string;
  readonly message: string;
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly syscall: string | undefined;
}

/** A name with several addresses fails with one error for each; the first tells. */
function firstCause(error: unknown): Cause {
  if (error instanceof AggregateError && error.errors.length > 0) return firstCause(error.errors[0]);
  if (!(error instanceof Error))
    return { code: '', message: String(error), address: undefined, port: undefined, syscall: undefined };
  const field = (name: string): unknown => (name in error ? Reflect.get(error, name) : undefined);
  const [code, address, port, syscall] = [field('code'), field('address'), field('port'), field('syscall')];
  return {
    code: typeof code === 'string' ? code : '',
    message: error.message,
    address: typeof address === 'string' ? address : undefined,
    port: typeof port === 'number' ? port : undefined,
    syscall: typeof syscall === 'string' ? syscall : undefined,
  };
}

function wordsOf(cause: Cause, target: URL): string {
  const host = cause.address?.includes(':') === true ? `[${cause.address}]` : (cause.address ?? target.hostname);
  const port = cause.port ?? (target.port || (target.protocol === 'https:' ? 443 : 80));
  const tls = tlsWords[cause.code];
  if (tls !== undefined) return `tls: failed to verify certificate: ${tls}`;
  switch (cause.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${host}:${port}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${host}:${port}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${host}:${port}: connect: network is unreachable`;
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `dial tcp ${host}:${port}: i/o timeout`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${target.hostname}: no such host`;
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${target.hostname}: temporary failure in name resolution`;
    case 'ECONNRESET':
      return 'connection reset by peer';
    case 'UND_ERR_SOCKET':
      return 'EOF';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: certificate is not valid for ${target.hostname}`;
    default:
      return cause.message === '' ? cause.code : cause.message;
  }
}
