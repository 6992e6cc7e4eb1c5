const unknownAuthority = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
const expired = 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';

const words: Readonly<Record<string, (at: Place) => string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: () => unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: () => unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: () => unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: () => unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: () => unknownAuthority,
  CERT_SIGNATURE_FAILURE: () => unknownAuthority,
  CERT_HAS_EXPIRED: () => expired,
  CERT_NOT_YET_VALID: () => expired,
  ERR_TLS_CERT_ALTNAME_INVALID: ({ hostname }) =>
    `tls: failed to verify certificate: x509: certificate is not valid for ${hostname}`,
  ECONNREFUSED: ({ address }) => `dial tcp ${address}: connect: connection refused`,
  EHOSTUNREACH: ({ address }) => `dial tcp ${address}: connect: no route to host`,
  ENETUNREACH: ({ address }) => `dial tcp ${address}: connect: network is unreachable`,
  ETIMEDOUT: ({ address }) => `dial tcp ${address}: i/o timeout`,
  UND_ERR_CONNECT_TIMEOUT: ({ address }) => `dial tcp ${address}: i/o timeout`,
  ENOTFOUND: ({ hostname }) => `dial tcp: lookup ${hostname}: no such host`,
  EAI_AGAIN: ({ hostname }) => `dial tcp: lookup ${hostname}: temporary failure in name resolution`,
  ECONNRESET: () => 'connection reset by peer',
  UND_ERR_SOCKET: () => 'EOF',
};

interface Place {
  readonly hostname: string;
  /** `address:port`, of the connection where that is known. */
  readonly address: string;
}

/** Why a request got no answer, in the words of Go's HTTP client: people search for those. */
export function failureWords(error: unknown, target: URL): string {
  if (error instanceof AggregateError && error.errors.length > 0) return failureWords(error.errors[0], target);
  if (!(error instanceof Error)) return String(error);
  const field = (name: string): unknown => (name in error ? Reflect.get(error, name) : undefined);
  const code = field('code');
  const host = field('address');
  const port = field('port') ?? (target.port || (target.protocol === 'https:' ? 443 : 80));
  const shownHost = typeof host === 'string' ? host : target.hostname;
  const address = `${shownHost.includes(':') && !shownHost.startsWith('[') ? `[${shownHost}]` : shownHost}:${String(port)}`;
  const known = typeof code === 'string' && Object.hasOwn(words, code) ? words[code] : undefined;
  if (known !== undefined) return known({ hostname: target.hostname, address });
  if (error.message === '' && error.cause !== undefined) return failureWords(error.cause, target);
  return error.message === '' ? String(code) : error.message;
}
