import { createHmac, timingSafeEqual } from 'node:crypto';

/** What is known of a key that a host shows. */
export type HostVerdict = 'known' | 'unknown' | 'mismatch' | 'revoked';

interface Line {
  readonly marker: 'none' | 'authority' | 'revoked';
  readonly matches: (host: string) => boolean;
  readonly type: string;
  readonly key: Buffer;
}

/** The hosts that may be talked to, and the keys that they must show: a `known_hosts` file as sshd(8) describes it. */
export class KnownHosts {
  readonly #lines: readonly Line[];

  /** @throws Error that names the line that cannot be read */
  constructor(text: string) {
    this.#lines = text.split('\n').flatMap((line, index) => {
      const parsed = parseLine(line.trim(), index + 1);
      return parsed === undefined ? [] : [parsed];
    });
  }

  /** How many lines there are, comments apart. */
  get size(): number {
    return this.#lines.length;
  }

  /** Types of the keys that a host may show, in the order of the file: what to ask the host for. */
  keyTypes(host: string, port: number): readonly string[] {
    return [...new Set(this.#of(host, port, 'none').map(({ type }) => type))];
  }

  /** Whether lines name an authority that signs this host's keys. */
  hasAuthority(host: string, port: number): boolean {
    return this.#of(host, port, 'authority').length > 0;
  }

  /**
   * A revoked key is refused for every host. A host with lines of its own must show one of their keys.
   * @param key as it goes over the wire
   */
  check(host: string, port: number, key: Buffer): HostVerdict {
    if (this.#lines.some((line) => line.marker === 'revoked' && line.key.equals(key))) return 'revoked';
    const lines = this.#of(host, port, 'none');
    if (lines.some((line) => line.key.equals(key))) return 'known';
    return lines.length === 0 ? 'unknown' : 'mismatch';
  }

  #of(host: string, port: number, marker: Line['marker']): readonly Line[] {
    const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
    return this.#lines.filter((line) => line.marker === marker && line.matches(name));
  }
}

function parseLine(line: string, number: number): Line | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  const fields = line.split(/[ \t]+/);
  const marker = fields[0]?.startsWith('@') === true ? fields.shift() : undefined;
  const [hosts, type, encoded] = fields;
  if (hosts === undefined || type === undefined || encoded === undefined) {
    throw new Error(`line ${number} is incomplete, expected hosts, key type and key`);
  }
  if (marker !== undefined && marker !== '@cert-authority' && marker !== '@revoked') {
    throw new Error(`line ${number} has the marker "${marker}", expected "@cert-authority" or "@revoked"`);
  }
  const key = Buffer.from(encoded, 'base64');
  if (key.length < 4 || key.length < 4 + key.readUInt32BE(0) || keyTypeOf(key) !== type) {
    throw new Error(`line ${number} holds no ${type} key`);
  }
  const kind = marker === undefined ? 'none' : marker === '@revoked' ? 'revoked' : 'authority';
  return { marker: kind, matches: hosts.startsWith('|') ? hashed(hosts, number) : patterns(hosts), type, key };
}

function keyTypeOf(key: Buffer): string {
  return key.toString('latin1', 4, 4 + key.readUInt32BE(0));
}

/** `|1|<salt>|<HMAC-SHA1 of the name>`, so that the file does not tell which hosts it knows. */
function hashed(field: string, number: number): Line['matches'] {
  const [, version, salt = '', hash = ''] = field.split('|');
  const want = Buffer.from(hash, 'base64');
  if (version !== '1' || want.length !== 20) throw new Error(`line ${number} has a hashed host of an unknown form`);
  const key = Buffer.from(salt, 'base64');
  return (host) => timingSafeEqual(createHmac('sha1', key).update(host).digest(), want);
}

/** A list with `*`, `?` and `!`; one pattern with `!` that fits outweighs all others. */
function patterns(field: string): Line['matches'] {
  const all = field
    .toLowerCase()
    .split(',')
    .filter((pattern) => pattern !== '')
    .map((pattern) => (pattern.startsWith('!') ? { not: true, text: pattern.slice(1) } : { not: false, text: pattern }))
    .map(({ not, text }) => ({ not, text: text.replace(/^\[([^\]]*)\]:22$/, '$1') }));
  return (host) => {
    const fitting = all.filter(({ text }) => fits(text, host));
    return fitting.length > 0 && !fitting.some(({ not }) => not);
  };
}

function fits(pattern: string, text: string): boolean {
  let [at, from, star, retry] = [0, 0, -1, 0];
  while (from < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      retry = from;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[from])) {
      at++;
      from++;
    } else if (star === -1) {
      return false;
    } else {
      at = star + 1;
      from = ++retry;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
