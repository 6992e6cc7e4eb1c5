import { type ChildProcess, spawn } from 'node:child_process';
import { timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '#cluster';
import ssh2, { type AuthContext, type Connection, type ServerChannel } from 'ssh2';
import { gitEnvironment } from './git-repository.ts';
import { knownHostsLine, makeSshKey, type SshKey, type SshKeyType } from './ssh-keys.ts';
import { waitFor } from './wait-for.ts';

export interface SshServerOptions {
  /** Folder of the bare repositories (`dir` of a Git server). */
  readonly dir: string;
  /** Lines of keys that may log in. */
  readonly authorizedKeys: readonly string[];
  readonly hostKeyTypes?: readonly SshKeyType[];
  /** OpenSSH's own server; only where `sshdPath()` finds one. */
  readonly sshd?: boolean;
  /** The server takes no notice of the protocol version that is asked for, as sshd does unless told (default false). */
  readonly oldProtocol?: boolean;
}

/** `git-upload-pack` over SSH, run by the real `git`. */
export interface SshServer extends AsyncDisposable {
  readonly port: number;
  readonly hostKeys: readonly SshKey[];
  /** A file that knows the host and all its keys. */
  readonly knownHosts: string;
  /** How many connections were made. */
  readonly connections: number;
  /** The algorithms of the last handshake; with the library's server only. */
  readonly negotiated: { readonly kex: string; readonly hostKey: string } | undefined;
  repositoryUrl(name: string): string;
}

/** Where OpenSSH's server is, if it is installed. */
export function sshdPath(): string | undefined {
  return [process.env['SLUICE_SSHD'], '/usr/sbin/sshd', '/usr/local/sbin/sshd'].find(
    (path) => path !== undefined && existsSync(path),
  );
}

export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const types = options.hostKeyTypes ?? ['ed25519', 'ecdsa', 'rsa'];
  const hostKeys = types.map((type) => makeSshKey(type));
  return options.sshd === true ? await startSshd(options, hostKeys) : await startLibraryServer(options, hostKeys);
}

async function startLibraryServer(options: SshServerOptions, hostKeys: readonly SshKey[]): Promise<SshServer> {
  const allowed = options.authorizedKeys.map((line) => Buffer.from(line.split(' ')[1] ?? '', 'base64'));
  const open = new Set<Connection>();
  let connections = 0;
  let negotiated: SshServer['negotiated'];
  const server = new ssh2.Server({ hostKeys: hostKeys.map((key) => key.privateKey) }, (client) => {
    connections++;
    open.add(client);
    client.on('handshake', (seen) => {
      negotiated = { kex: seen.kex, hostKey: seen.serverHostKey };
    });
    client.on('authentication', (context) => authenticate(context, allowed));
    client.on('session', (accept) => {
      const environment: Record<string, string> = {};
      const session = accept();
      session.on('env', (acceptEnv, _reject, { key, val }) => {
        if (options.oldProtocol !== true) environment[key] = val;
        acceptEnv?.();
      });
      session.on('exec', (acceptExec, _reject, { command }) => serve(acceptExec(), command, environment));
    });
    client.on('error', () => undefined);
    client.on('close', () => open.delete(client));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: unknown = server.address();
  const port = typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0;
  return {
    port,
    hostKeys,
    knownHosts: hostKeys.map((key) => knownHostsLine('127.0.0.1', port, key.publicKey)).join('\n'),
    get connections() {
      return connections;
    },
    get negotiated() {
      return negotiated;
    },
    repositoryUrl: (name) => `ssh://127.0.0.1:${port}${options.dir}/${name}.git`,
    async [Symbol.asyncDispose]() {
      for (const client of open) client.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function authenticate(context: AuthContext, allowed: readonly Buffer[]): void {
  if (context.method !== 'publickey' || context.username !== 'git') {
    context.reject(['publickey']);
    return;
  }
  const { key, signature, blob, hashAlgo } = context;
  const isAllowed = allowed.some((known) => known.length === key.data.length && timingSafeEqual(known, key.data));
  const parsed = ssh2.utils.parseKey(`${key.algo} ${key.data.toString('base64')}`);
  const publicKey = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!isAllowed || publicKey === undefined || publicKey instanceof Error) {
    context.reject(['publickey']);
    return;
  }
  if (signature !== undefined && blob !== undefined && !publicKey.verify(blob, signature, hashAlgo)) {
    context.reject(['publickey']);
    return;
  }
  context.accept();
}

function serve(channel: ServerChannel, command: string, environment: Readonly<Record<string, string>>): void {
  const child = spawn('sh', ['-c', command], { env: { ...gitEnvironment(process.env), ...environment } });
  channel.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on('close', () => child.kill());
  child.on('close', (code) => {
    channel.exit(code ?? 1);
    channel.end();
  });
}

async function startSshd(options: SshServerOptions, hostKeys: readonly SshKey[]): Promise<SshServer> {
  const path = sshdPath();
  if (path === undefined) throw new Error('cannot start sshd: it is not installed');
  const dir = await mkdtemp(join(tmpdir(), 'sluice-sshd-'));
  const [port = 0] = await freePorts(1);
  await writeFile(join(dir, 'authorized_keys'), options.authorizedKeys.map((line) => `${line}\n`).join(''));
  for (const [index, key] of hostKeys.entries()) {
    await writeFile(join(dir, `host_key_${index}`), key.privateKey, { mode: 0o600 });
  }
  const lines = [
    `ListenAddress 127.0.0.1:${port}`,
    ...hostKeys.map((_, index) => `HostKey ${join(dir, `host_key_${index}`)}`),
    `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
    `PidFile ${join(dir, 'pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    ...(options.oldProtocol === true ? [] : ['AcceptEnv GIT_PROTOCOL']),
  ];
  await writeFile(join(dir, 'sshd_config'), `${lines.join('\n')}\n`);
  const child: ChildProcess = spawn(path, ['-D', '-e', '-f', join(dir, 'sshd_config')], { stdio: 'ignore' });
  await waitFor(() => answers(port), { timeoutMs: 10_000, what: 'sshd' });
  return {
    port,
    hostKeys,
    knownHosts: hostKeys.map((key) => knownHostsLine('127.0.0.1', port, key.publicKey)).join('\n'),
    connections: 0,
    negotiated: undefined,
    repositoryUrl: (name) => `ssh://${userInfo().username}@127.0.0.1:${port}${options.dir}/${name}.git`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await new Promise((resolve) => child.once('close', resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => socket.destroy());
    setTimeout(() => socket.destroy(), 200).unref();
  });
}
