import type { Readable } from 'node:stream';
import type { Client, ClientChannel, ConnectConfig, PublicKeyAuthMethod } from 'ssh2';
import { GitError } from '../git-error.ts';
import { abortError, describeFailure } from '../http-failure.ts';
import type { Tunnel } from '../proxy.ts';
import type { UploadPack } from '../upload-pack.ts';
import { type HostKeyAlgorithm, type KexAlgorithm, signaturesOf } from './algorithms.ts';
import { AnswerEnd } from './answer-end.ts';
import type { SshIdentity } from './identity.ts';
import type { HostVerdict, KnownHosts } from './known-hosts.ts';

export interface SshOptions {
  /** `ssh://[user@]host[:port]/path`; the user is `git` unless named. */
  readonly url: string;
  readonly identity: SshIdentity;
  readonly knownHosts: KnownHosts;
  /** In order of preference; the defaults when empty. */
  readonly kexAlgorithms?: readonly KexAlgorithm[] | undefined;
  /** In order of preference; when empty, what fits the known keys of the host. */
  readonly hostKeyAlgorithms?: readonly HostKeyAlgorithm[] | undefined;
  /** Connects by way of a proxy. */
  readonly tunnel?: Tunnel | undefined;
}

const verdicts: Readonly<Record<Exclude<HostVerdict, 'known'>, string>> = {
  unknown: 'knownhosts: key is unknown',
  mismatch: 'knownhosts: key mismatch',
  revoked: 'knownhosts: key is revoked',
};

/** One remote over SSH: one connection, and a `git-upload-pack` on it that serves until it is spent or broken. */
export class SshConnection implements UploadPack {
  readonly url: string;
  readonly #target: URL;
  readonly #options: SshOptions;
  #client: Client | undefined;
  #service: Service | undefined;

  constructor(options: SshOptions) {
    this.#options = options;
    this.#target = new URL(options.url);
    const shown = new URL(options.url);
    shown.username = '';
    shown.password = '';
    this.url = shown.href.replace(/\/$/, '');
  }

  async advertise(signal: AbortSignal): Promise<AsyncIterable<unknown>> {
    this.#service?.close();
    this.#service = await this.#start(signal);
    return this.#service.answer('flush', signal);
  }

  async upload(body: Buffer, protocol: 0 | 2, signal: AbortSignal): Promise<AsyncIterable<unknown>> {
    if (this.#service?.isIdle !== true) {
      for await (const piece of await this.advertise(signal)) void piece; // heard before; only the request is of interest
    }
    const service = this.#service;
    if (service === undefined) throw new GitError('protocol', 'cannot ask the remote: there is no connection');
    service.send(body);
    return service.answer(protocol === 2 ? 'flush' : 'endOfStream', signal);
  }

  async #start(signal: AbortSignal): Promise<Service> {
    this.#client ??= await this.#connect(signal);
    const client = this.#client;
    const command = `git-upload-pack ${quoted(repositoryPath(this.#target))}`;
    using _ = onAbort(signal, () => client.destroy());
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.once('close', () => reject(new GitError('unreachable', 'ssh: the connection was closed')));
      client.exec(command, { env: { GIT_PROTOCOL: 'version=2' } }, (error, opened) =>
        error === undefined ? resolve(opened) : reject(error),
      );
    }).catch((error: unknown) => {
      throw describeFailure(error, `read "${this.url}"`, this.#target, signal);
    });
    return new Service(channel, client, this.url);
  }

  async #connect(signal: AbortSignal): Promise<Client> {
    const { default: ssh2 } = await import('ssh2');
    const host = this.#target.hostname.replace(/^\[(.*)\]$/, '$1');
    const port = Number(this.#target.port || 22);
    const socket = await this.#options.tunnel?.(host, port, signal);
    const client = new ssh2.Client();
    let verdict: HostVerdict = 'known';
    using _ = onAbort(signal, () => client.destroy());
    try {
      await new Promise<void>((resolve, reject) => {
        client.once('ready', resolve);
        client.once('error', reject);
        client.once('close', () => reject(new GitError('unreachable', 'ssh: handshake failed: EOF')));
        client.connect(
          this.#config(host, port, socket, (seen) => {
            verdict = seen;
          }),
        );
      });
    } catch (error) {
      client.on('error', () => undefined);
      client.destroy();
      socket?.destroy();
      if (signal.aborted) throw abortError(signal, `dial tcp ${host}:${port}`);
      throw this.#handshakeFailure(error, verdict, signal);
    }
    // A later failure ends the channels too, and whoever reads one tells.
    client.on('error', () => undefined);
    client.once('close', () => {
      if (this.#client === client) this.#client = undefined;
    });
    return client;
  }

  #config(
    host: string,
    port: number,
    socket: Readable | undefined,
    onVerdict: (verdict: HostVerdict) => void,
  ): ConnectConfig {
    const { identity, knownHosts, kexAlgorithms = [], hostKeyAlgorithms = [] } = this.#options;
    const signatures = hostKeyAlgorithms.length > 0 ? hostKeyAlgorithms : signaturesOf(knownHosts.keyTypes(host, port));
    const username = decodeURIComponent(this.#target.username) || 'git';
    const login: PublicKeyAuthMethod = { type: 'publickey', username, key: identity.key };
    return {
      host,
      port,
      username,
      ...(socket !== undefined && { sock: socket }),
      authHandler: [login],
      algorithms: {
        ...(kexAlgorithms.length > 0 && { kex: [...kexAlgorithms] }),
        ...(signatures.length > 0 && { serverHostKey: [...signatures] }),
      },
      hostVerifier: (key: Buffer): boolean => {
        const verdict = knownHosts.check(host, port, key);
        onVerdict(verdict);
        return verdict === 'known';
      },
      readyTimeout: 0, // the caller's signal bounds the whole
      keepaliveInterval: 15_000,
    };
  }

  #handshakeFailure(error: unknown, verdict: HostVerdict, signal: AbortSignal): unknown {
    if (verdict !== 'known') {
      const host = this.#target.hostname.replace(/^\[(.*)\]$/, '$1');
      const hint = this.#options.knownHosts.hasAuthority(host, Number(this.#target.port || 22))
        ? ' (certificates of hosts are not supported, expected a line with the key itself)'
        : '';
      const words = verdicts[verdict] + (verdict === 'unknown' ? hint : '');
      return new GitError('unreachable', `ssh: handshake failed: ${words}`);
    }
    const level = error instanceof Error && 'level' in error ? error.level : undefined;
    const message = error instanceof Error ? error.message : String(error);
    if (level === 'client-authentication') {
      return new GitError(
        'authenticationRequired',
        'ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain',
      );
    }
    const unmatched = /no matching (key exchange algorithm|host key format)/i.exec(message)?.[1];
    if (unmatched !== undefined) {
      const what = unmatched.startsWith('key') ? 'key exchange' : 'host key';
      return new GitError('unreachable', `ssh: handshake failed: ssh: no common algorithm for ${what}`);
    }
    if (level === 'handshake' || level === 'protocol') {
      return new GitError('unreachable', `ssh: handshake failed: ${message}`, { cause: error });
    }
    if (error instanceof GitError) return error;
    return withoutPrefix(describeFailure(error, '', this.#target, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#service?.close();
    this.#client?.end();
    this.#client?.destroy();
  }
}

/** One `git-upload-pack` that runs on the other side. */
class Service {
  readonly #channel: ClientChannel;
  readonly #client: Client;
  readonly #url: string;
  readonly #pieces: AsyncIterator<unknown>;
  #state: 'idle' | 'answering' | 'spent' = 'idle';
  #said = '';
  readonly #closed: Promise<void>;

  constructor(channel: ClientChannel, client: Client, url: string) {
    this.#channel = channel;
    this.#client = client;
    this.#url = url;
    this.#pieces = channel[Symbol.asyncIterator]();
    // Must be read: what nobody reads fills the window of the whole channel.
    channel.stderr.on('data', (piece: Buffer) => {
      if (this.#said.length < 1024) this.#said += piece.toString('utf8');
    });
    this.#closed = new Promise((resolve) => channel.once('close', () => resolve()));
  }

  /** Whether it waits for a request. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  send(body: Buffer): void {
    this.#channel.write(body);
  }

  async *answer(until: 'flush' | 'endOfStream', signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#state = 'answering';
    const end = new AnswerEnd();
    using _ = onAbort(signal, () => this.#client.destroy());
    let complete = false;
    try {
      while (!complete) {
        const next = await this.#pieces.next();
        if (next.done === true) {
          if (until === 'flush') throw await this.#endedEarly(signal);
          return;
        }
        if (!(next.value instanceof Uint8Array)) throw new GitError('protocol', 'cannot read the answer: no bytes');
        if (until === 'flush') {
          end.push(next.value);
          complete = end.reached;
        }
        yield next.value;
      }
    } finally {
      this.#state = complete ? 'idle' : 'spent';
      if (!complete) this.close();
    }
  }

  close(): void {
    this.#state = 'spent';
    this.#channel.close();
  }

  async #endedEarly(signal: AbortSignal): Promise<unknown> {
    await this.#closed; // its complaints come before that
    if (signal.aborted) return abortError(signal, `read "${this.#url}"`);
    const line = this.#said
      .split('\n')
      .map((text) => text.replace(/\p{Cc}/gu, '').trim())
      .find((text) => text !== '');
    if (line === undefined) return new GitError('protocol', 'cannot read the answer of the remote: unexpected EOF');
    const missing =
      /not found|does not appear to be a git repository|does not exist|no such|could not be found|access denied/i;
    return missing.test(this.#said)
      ? new GitError('repositoryNotFound', 'repository not found')
      : new GitError('protocol', `unknown error: ${line.slice(0, 256)}`);
  }
}

function repositoryPath(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  return path.startsWith('/~') ? path.slice(1) : path;
}

/** For the shell that the other side hands the command to. */
function quoted(text: string): string {
  return `'${text.replace(/['!]/g, (character) => `'\\${character}'`)}'`;
}

function onAbort(signal: AbortSignal, act: () => void): Disposable {
  if (signal.aborted) act();
  signal.addEventListener('abort', act, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', act) };
}

function withoutPrefix(error: unknown): unknown {
  return error instanceof GitError
    ? new GitError(error.code, error.message.replace(/^: /, ''), { cause: error })
    : error;
}
