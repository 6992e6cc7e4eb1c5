import { GitError } from './git-error.ts';
import { describeFailure } from './http-failure.ts';
import { delimiterPacket, encodePacket, flushPacket, lineOf, type Packet, PacketReader } from './pkt-line.ts';
import type { UploadPack } from './upload-pack.ts';

/** A reference as the remote lists it. */
export interface RemoteRef {
  readonly name: string;
  readonly oid: string;
  /** What an annotated tag points at, in the end. */
  readonly peeled?: string;
}

/** What a remote says of itself before anything is asked. */
export interface Advertisement {
  readonly version: 0 | 2;
  readonly capabilities: ReadonlyMap<string, string>;
  /** All of them, in version 0; version 2 lists on request. */
  readonly refs: readonly RemoteRef[];
}

export interface PackRequest {
  readonly wants: readonly string[];
  /** Commits of history; absent: all of it. */
  readonly depth?: number | undefined;
  /** Commits and tags only, where the remote can do that. */
  readonly withoutTrees?: boolean | undefined;
}

const agent = 'agent=git/sluice';
const zeroOid = '0'.repeat(40);

export async function readAdvertisement(connection: UploadPack, signal: AbortSignal): Promise<Advertisement> {
  return await withReader(await connection.advertise(signal), connection, signal, async (reader) => {
    let packet = await reader.next();
    if (Buffer.isBuffer(packet) && packet.subarray(0, 10).toString('latin1') === '# service=') {
      packet = await reader.next();
      if (packet === 'flush') packet = await reader.next();
    }
    const first = Buffer.isBuffer(packet) ? lineOf(packet) : '';
    if (first === 'version 2') return { version: 2, capabilities: await readCapabilities(reader), refs: [] };
    if (first === 'version 1') packet = await reader.next();
    return await readVersion0(reader, packet);
  });
}

async function readCapabilities(reader: PacketReader): Promise<ReadonlyMap<string, string>> {
  const capabilities = new Map<string, string>();
  for (let packet = await reader.next(); Buffer.isBuffer(packet); packet = await reader.next()) {
    const [name = '', value = ''] = splitOnce(lineOf(packet), '=');
    capabilities.set(name, value);
  }
  const format = capabilities.get('object-format') ?? 'sha1';
  if (format !== 'sha1')
    throw new GitError(
      'protocol',
      `cannot read the repository: object format "${format}" is not supported, expected sha1`,
    );
  return capabilities;
}

async function readVersion0(reader: PacketReader, start: Packet | undefined): Promise<Advertisement> {
  const capabilities = new Map<string, string>();
  const refs = new Map<string, RemoteRef>();
  let isFirst = true;
  for (let packet = start; Buffer.isBuffer(packet); packet = await reader.next()) {
    throwIfError(packet);
    const [line = '', extra = ''] = splitOnce(lineOf(packet), '\0');
    if (isFirst) for (const word of extra.split(' ')) capabilities.set(...splitOnce(word, '='));
    isFirst = false;
    const [oid, name] = splitOnce(line, ' ');
    if (oid === 'shallow') continue;
    if (!isOid(oid)) {
      throw new GitError('protocol', `cannot list the remote: ${JSON.stringify(line.slice(0, 80))} is no reference`);
    }
    if (oid === zeroOid) continue;
    const tag = name.endsWith('^{}') ? refs.get(name.slice(0, -3)) : undefined;
    if (tag !== undefined) refs.set(tag.name, { ...tag, peeled: oid });
    else refs.set(name, { name, oid });
  }
  return { version: 0, capabilities, refs: [...refs.values()] };
}

/** Version 2: the references that begin with one of the prefixes. */
export async function listRefs(
  connection: UploadPack,
  advertised: Advertisement,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<readonly RemoteRef[]> {
  if (advertised.version === 0)
    return advertised.refs.filter((ref) => prefixes.some((prefix) => ref.name.startsWith(prefix)));
  const body = Buffer.concat([
    ...command('ls-refs', advertised),
    encodePacket('peel\n'),
    ...prefixes.map((prefix) => encodePacket(`ref-prefix ${prefix}\n`)),
    flushPacket,
  ]);
  return await withReader(await connection.upload(body, 2, signal), connection, signal, async (reader) => {
    const refs: RemoteRef[] = [];
    for (let packet = await reader.next(); Buffer.isBuffer(packet); packet = await reader.next()) {
      throwIfError(packet);
      const [oid = '', name = '', ...attributes] = lineOf(packet).split(' ');
      if (!isOid(oid)) throw new GitError('protocol', 'cannot list the remote: a line is no reference');
      const peeled = attributes.find((attribute) => attribute.startsWith('peeled:'))?.slice('peeled:'.length);
      refs.push(peeled === undefined ? { name, oid } : { name, oid, peeled });
    }
    return refs;
  });
}

/** The bytes of a pack with what was asked for. Ends with an error when the remote reports one. */
export async function* requestPack(
  connection: UploadPack,
  advertised: Advertisement,
  request: PackRequest,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const body = advertised.version === 2 ? fetchRequest(advertised, request) : wantRequest(advertised, request);
  const stream = bytesOf(await connection.upload(body, advertised.version, signal), connection, signal);
  const reader = new PacketReader(stream);
  try {
    if (advertised.version === 2) await skipToPackfile(reader);
    else {
      await skipToNak(reader, request.depth !== undefined);
      if (!advertised.capabilities.has('side-band-64k')) {
        yield* reader.rest();
        return;
      }
    }
    yield* demultiplex(reader);
    await reader.finish();
  } finally {
    await reader.close();
  }
}

function fetchRequest(advertised: Advertisement, request: PackRequest): Buffer {
  const features = (advertised.capabilities.get('fetch') ?? '').split(' ');
  const lines = ['no-progress\n', 'ofs-delta\n'];
  if (request.depth !== undefined && features.includes('shallow')) lines.push(`deepen ${request.depth}\n`);
  if (request.withoutTrees === true && features.includes('filter')) lines.push('filter tree:0\n');
  lines.push(...request.wants.map((oid) => `want ${oid}\n`), 'done\n');
  return Buffer.concat([...command('fetch', advertised), ...lines.map(encodePacket), flushPacket]);
}

function wantRequest(advertised: Advertisement, request: PackRequest): Buffer {
  const has = (name: string): boolean => advertised.capabilities.has(name);
  const capabilities = ['ofs-delta', 'side-band-64k', 'no-progress'].filter(has).concat(agent);
  const shallow = request.depth !== undefined && has('shallow');
  if (shallow) capabilities.push('shallow');
  const wants = request.wants.map((oid, index) => `want ${oid}${index === 0 ? ` ${capabilities.join(' ')}` : ''}\n`);
  const lines = shallow ? [...wants, `deepen ${request.depth}\n`] : wants;
  return Buffer.concat([...lines.map(encodePacket), flushPacket, encodePacket('done\n')]);
}

function command(name: string, advertised: Advertisement): Buffer[] {
  const lines = [`command=${name}\n`, `${agent}\n`];
  if (advertised.capabilities.has('object-format')) lines.push('object-format=sha1\n');
  return [...lines.map(encodePacket), delimiterPacket];
}

/** Sections that come before the pack (acknowledgments, shallow-info) tell nothing that is needed. */
async function skipToPackfile(reader: PacketReader): Promise<void> {
  for (;;) {
    const packet = await reader.next();
    if (packet === undefined || packet === 'flush' || packet === 'end') {
      throw new GitError('protocol', 'cannot fetch: the remote sent no pack');
    }
    if (packet === 'delimiter') continue;
    throwIfError(packet);
    if (lineOf(packet) === 'packfile') return;
  }
}

async function skipToNak(reader: PacketReader, deepened: boolean): Promise<void> {
  let beforeFlush = deepened;
  for (;;) {
    const packet = await reader.next();
    if (packet === undefined) throw new GitError('protocol', 'cannot fetch: the remote sent no pack');
    if (packet === 'flush' && beforeFlush) beforeFlush = false;
    if (!Buffer.isBuffer(packet)) continue;
    throwIfError(packet);
    if (lineOf(packet).startsWith('NAK')) return;
  }
}

async function* demultiplex(reader: PacketReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const packet = await reader.next();
    if (packet === undefined) throw new GitError('protocol', 'cannot fetch: unexpected EOF');
    if (!Buffer.isBuffer(packet)) return;
    const channel = packet[0];
    if (channel === 1) yield packet.subarray(1);
    else if (channel === 3) throw remoteError(lineOf(packet.subarray(1)));
    else if (channel !== 2) throwIfError(packet);
  }
}

function throwIfError(packet: Buffer): void {
  if (packet.subarray(0, 4).toString('latin1') === 'ERR ') throw remoteError(lineOf(packet.subarray(4)));
}

function remoteError(text: string): GitError {
  const clean = text
    .replace(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, 256);
  const missing = /not our ref|unknown ref|no such (object|ref)|unadvertised object|bad object|did not send/i.test(
    clean,
  );
  return new GitError(missing ? 'objectNotFound' : 'protocol', missing ? 'object not found' : `remote error: ${clean}`);
}

async function withReader<T>(
  body: AsyncIterable<unknown>,
  connection: UploadPack,
  signal: AbortSignal,
  read: (reader: PacketReader) => Promise<T>,
): Promise<T> {
  const reader = new PacketReader(bytesOf(body, connection, signal));
  try {
    const result = await read(reader);
    await reader.finish();
    return result;
  } finally {
    await reader.close();
  }
}

/** Names what a broken or late answer is. */
async function* bytesOf(
  body: AsyncIterable<unknown>,
  connection: UploadPack,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      let next: IteratorResult<unknown>;
      try {
        next = await pieces.next();
      } catch (error) {
        throw describeFailure(error, `read "${connection.url}"`, new URL(connection.url), signal);
      }
      if (next.done === true) return;
      if (!(next.value instanceof Uint8Array))
        throw new GitError('protocol', 'cannot read the answer of the remote: no bytes');
      yield next.value;
    }
  } finally {
    await pieces.return?.();
  }
}

function isOid(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
