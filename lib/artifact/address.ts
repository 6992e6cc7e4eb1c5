/**
 * Where others reach the store: what the flag says, or else the address it listens on, with a host that others can use
 * (source spec 2.5).
 * @param listen `host:port`, as `:9090`
 * @param hostname this machine's name, for a store that listens on all interfaces
 */
export function advertisedAddress(advertised: string, listen: string, hostname: string): string {
  if (advertised !== '') return advertised;
  const colon = listen.lastIndexOf(':');
  const host = listen.slice(0, Math.max(0, colon));
  const port = listen.slice(colon + 1);
  if (host === '') return `localhost:${port}`;
  return host === '0.0.0.0' ? `${hostname}:${port}` : listen;
}

/** The URL of a file in the store. Names are kept as they are: `:` and `+` are legal in a path. */
export function artifactUrl(advertised: string, path: string): string {
  const base = /^https?:\/\//.test(advertised) ? advertised : `http://${advertised}`;
  return `${base.replace(/\/+$/, '')}/${path}`;
}
