import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommitOptions, commitTo, type Files, git, gitEnvironment, initBare, pushTo } from './git-repository.ts';
import { listen } from './listen.ts';

export type GitAuth = { readonly username: string; readonly password: string } | { readonly bearer: string };

export interface GitRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Value of `Git-Protocol`; empty for protocol 0. */
  readonly protocol: string;
  readonly authorization: string | undefined;
  /** When it arrived. */
  readonly at: Date;
}

/** What happens to a request instead of, or before, its answer. */
export type GitFault =
  | { readonly delayMs: number }
  | { readonly status: number; readonly body?: string }
  /** Breaks the connection after so many bytes of the answer. */
  | { readonly cutAfterBytes: number }
  | 'hang';

export interface GitServerOptions {
  readonly auth?: GitAuth;
  readonly tls?: boolean;
  /** Clients must show a certificate (`client`); implies TLS. */
  readonly clientCertificate?: 'required';
  /** Where the bare repositories are; a temporary folder that is removed unless given. */
  readonly dir?: string;
}

/** Smart HTTP as hosting services speak it: the real `git http-backend` behind a small server. */
export interface GitServer extends AsyncDisposable {
  readonly url: string;
  /** PEM of the authority to trust; undefined for plain http. */
  readonly ca: string | undefined;
  /** PEM of a certificate that it takes from clients. */
  readonly client: { readonly cert: string; readonly key: string } | undefined;
  readonly dir: string;
  /** Every request so far, refused ones included. */
  readonly requests: readonly GitRequest[];
  repositoryUrl(name: string): string;
  /** Folder of the bare repository, for hooks. */
  repositoryPath(name: string): string;
  /** Makes a repository. Without files it has no commit and no branch. @returns the first commit, or '' */
  createRepository(name: string, files?: Files): Promise<string>;
  /** Commits without a push: no hook runs. @returns the commit */
  commit(name: string, files: Files, message: string, options?: CommitOptions): Promise<string>;
  /** Clones, commits and pushes over HTTP with the server's credentials. @returns the commit */
  push(name: string, files: Files, message: string, options?: CommitOptions): Promise<string>;
  /** Points a tag at `ref` (`main` unless given); annotated when it has a message. @returns the tag object or commit */
  tag(name: string, tag: string, options?: { readonly ref?: string; readonly message?: string }): Promise<string>;
  /** Makes a branch, or moves it, to `ref` (`main` unless given). @returns the commit */
  branch(name: string, branch: string, ref?: string): Promise<string>;
  deleteBranch(name: string, branch: string): Promise<void>;
  /** Decides the fault of each further request; undefined leaves it alone. */
  fault(decide: ((request: GitRequest) => GitFault | undefined) | undefined): void;
  /** Replaces the credentials that are asked for. */
  requireAuth(auth: GitAuth | undefined): void;
}

export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'sluice-git-')));
  await mkdir(dir, { recursive: true });
  const requests: GitRequest[] = [];
  let decide: (request: GitRequest) => GitFault | undefined = () => undefined;
  let auth = options.auth;

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = describeRequest(incoming);
    requests.push(request);
    const fault = decide(request);
    if (fault === 'hang') return;
    if (fault !== undefined && 'delayMs' in fault) await sleep(fault.delayMs, undefined, { ref: false });
    if (fault !== undefined && 'status' in fault) {
      response.writeHead(fault.status, { 'content-type': 'text/plain' }).end(fault.body ?? 'injected fault\n');
      return;
    }
    if (auth !== undefined && request.authorization !== expectedAuthorization(auth)) {
      const scheme = 'bearer' in auth ? 'Bearer' : 'Basic';
      response.writeHead(401, { 'www-authenticate': `${scheme} realm="git"` }).end('authentication required\n');
      return;
    }
    runBackend(
      dir,
      incoming,
      response,
      fault !== undefined && 'cutAfterBytes' in fault ? fault.cutAfterBytes : Infinity,
    );
  };
  const server = await listen((incoming, response) => void handle(incoming, response).catch(() => response.destroy()), {
    tls: options.tls === true || options.clientCertificate === 'required',
    ...(options.clientCertificate !== undefined && { clientCertificate: options.clientCertificate }),
  });
  const path = (name: string): string => join(dir, `${name}.git`);
  const url = (name: string): string => `${server.url}/${name}.git`;
  const caPath = join(dir, 'ca.pem');
  if (server.ca !== undefined) await writeFile(caPath, server.ca);

  return {
    url: server.url,
    ca: server.ca,
    client: server.client,
    dir,
    requests,
    repositoryUrl: url,
    repositoryPath: path,
    async createRepository(name, files) {
      await initBare(path(name));
      return files === undefined ? '' : commitTo(path(name), files, 'First commit');
    },
    commit: (name, files, message, commitOptions) => commitTo(path(name), files, message, commitOptions),
    push: (name, files, message, commitOptions) =>
      pushTo(url(name), files, message, {
        ...commitOptions,
        config: [
          ...(auth !== undefined ? [`http.extraHeader=Authorization: ${expectedAuthorization(auth)}`] : []),
          ...(server.ca !== undefined ? [`http.sslCAInfo=${caPath}`] : []),
        ],
      }),
    async tag(name, tag, { ref = 'main', message } = {}) {
      const annotation = message === undefined ? [] : ['--annotate', '--message', message];
      await git(path(name), ['tag', '--force', ...annotation, tag, ref]);
      return git(path(name), ['rev-parse', `refs/tags/${tag}`]);
    },
    async branch(name, branch, ref = 'main') {
      await git(path(name), ['branch', '--force', branch, ref]);
      return git(path(name), ['rev-parse', `refs/heads/${branch}`]);
    },
    async deleteBranch(name, branch) {
      await git(path(name), ['update-ref', '-d', `refs/heads/${branch}`]);
    },
    fault(next) {
      decide = next ?? (() => undefined);
    },
    requireAuth(next) {
      auth = next;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

function describeRequest(incoming: IncomingMessage): GitRequest {
  const protocol = incoming.headers['git-protocol'];
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    protocol: typeof protocol === 'string' ? protocol : '',
    authorization: incoming.headers.authorization,
    at: new Date(),
  };
}

function expectedAuthorization(auth: GitAuth): string {
  if ('bearer' in auth) return `Bearer ${auth.bearer}`;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
}

/** Runs `git http-backend` as a CGI program (RFC 3875) for one request. */
function runBackend(root: string, incoming: IncomingMessage, response: ServerResponse, cutAfterBytes: number): void {
  const url = new URL(incoming.url ?? '/', 'http://git.invalid');
  const header = (name: string): string => String(incoming.headers[name] ?? '');
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...gitEnvironment(process.env),
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: header('git-protocol'),
      REQUEST_METHOD: incoming.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: header('content-length'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  backend.on('error', () => response.destroy());
  backend.stdin.on('error', () => undefined);
  incoming.pipe(backend.stdin);
  response.on('close', () => backend.kill());

  let head: Buffer | undefined = Buffer.alloc(0);
  let sent = 0;
  const send = (chunk: Buffer): void => {
    if (sent + chunk.length > cutAfterBytes) {
      response.write(chunk.subarray(0, cutAfterBytes - sent), () => incoming.socket.resetAndDestroy());
      backend.kill();
    } else if (!response.write(chunk)) {
      backend.stdout.pause();
      response.once('drain', () => backend.stdout.resume());
    }
    sent += chunk.length;
  };
  backend.stdout.on('data', (chunk: Buffer) => {
    if (head === undefined) {
      send(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const rest = head.subarray(end + 4);
    writeHead(response, head.subarray(0, end).toString('latin1'));
    head = undefined;
    if (rest.length > 0) send(rest);
  });
  backend.stdout.on('end', () => {
    if (head !== undefined) response.writeHead(500);
    response.end();
  });
}

function writeHead(response: ServerResponse, head: string): void {
  let status = 200;
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'status') status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status);
}
