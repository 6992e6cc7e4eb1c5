import { BlockList, isIP } from 'node:net';

/**
 * The proxy that the environment names for a target, as Go's programs read it: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in
 * capitals or not. Loopback is always reached directly.
 */
export function proxyFor(target: URL, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const variable = (name: string): string => environment[name] || environment[name.toLowerCase()] || '';
  const address = variable(target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (address === '' || isExempt(target, variable('NO_PROXY'))) return undefined;
  return address.includes('://') ? address : `http://${address}`;
}

function isExempt(target: URL, list: string): boolean {
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return true;
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  return list
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && (entry === '*' || covers(entry.toLowerCase(), host, port)));
}

/** A name with its subdomains, `.name` for those alone, an address or `10.0.0.0/8`; the first two perhaps with a port. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry.includes('/')) return isWithin(entry, host);
  const [, name = '', only] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry) ?? [];
  if (isIP(entry) !== 0) return host === entry;
  if (name === '' || (only !== undefined && only !== port)) return false;
  const suffix = name.replace(/^\*?\./, '');
  return host.endsWith(`.${suffix}`) || (host === suffix && suffix === name);
}

function isWithin(range: string, host: string): boolean {
  const [network = '', bits = ''] = range.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || !/^\d+$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return false;
  const block = new BlockList();
  const name = family === 4 ? 'ipv4' : 'ipv6';
  block.addSubnet(network, Number(bits), name);
  return block.check(host, name);
}
