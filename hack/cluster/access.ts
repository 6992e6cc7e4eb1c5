import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { kubeconfig } from './credentials.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface KubectlOptions {
  /** Given on stdin, for `kubectl apply -f -`. */
  readonly input?: string;
  /** Another identity than the admin's. */
  readonly kubeconfig?: string;
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  /** Parsed when the server sent JSON, else the text. */
  readonly body: unknown;
}

/** An API server, and the ways to talk to it as its administrator. */
export interface ClusterAccess {
  readonly url: string;
  /** The administrator's kubeconfig. */
  readonly kubeconfigPath: string;
  /** For files that belong to this cluster. */
  readonly dir: string;
  /** Never throws for an exit code other than 0: that is in the result. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<CommandResult>;
  /** One request as administrator, `path` from the root (`/api/v1/…`). `body` is sent as JSON. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiResponse>;
  /**
   * Writes a kubeconfig that holds a fresh token of an existing ServiceAccount, so that a program runs with exactly
   * its RBAC. The token is valid for a day.
   * @returns its path
   */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>;
}

/** Options of node:https that every request to the API server has. */
export type ApiTransport = Omit<RequestOptions, 'headers'> & { readonly headers?: OutgoingHttpHeaders };

export interface AccessOptions {
  readonly url: string;
  readonly kubeconfigPath: string;
  readonly dir: string;
  readonly ca: Buffer;
  /** TLS and credentials for node:https, put together by whoever knows them. */
  readonly https: ApiTransport;
  readonly kubectlPath: () => Promise<string>;
  readonly environment: NodeJS.ProcessEnv;
}

export function clusterAccess(options: AccessOptions): ClusterAccess {
  const { url, kubeconfigPath, dir } = options;
  const request: ClusterAccess['request'] = (method, path, body, contentType) =>
    send(url, options.https, method, path, body, contentType);
  return {
    url,
    kubeconfigPath,
    dir,
    request,
    async kubectl(args, { input, kubeconfig: identity, signal } = {}) {
      // A discovery cache of its own: the one in the home folder may describe another server on the same port.
      const env = {
        ...options.environment,
        KUBECONFIG: identity ?? kubeconfigPath,
        KUBECACHEDIR: join(dir, 'kubectl'),
      };
      return run(await options.kubectlPath(), args, { env, input, signal });
    },
    async serviceAccountKubeconfig(namespace, name) {
      const answer = await request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 86_400 },
      });
      const token = answer.status === 201 ? tokenOf(answer.body) : undefined;
      if (token === undefined) {
        throw new Error(`cannot get a token for ServiceAccount "${namespace}/${name}": ${describe(answer)}`);
      }
      const path = join(dir, `${namespace}.${name}.kubeconfig`);
      await writeFile(path, kubeconfig({ name, url, ca: options.ca, token, namespace }), { mode: 0o600 });
      return path;
    },
  };
}

/** What an API answer says, in a line: its `message` when it has one. */
export function describe(answer: ApiResponse): string {
  const { status, body } = answer;
  if (typeof body === 'object' && body !== null && 'message' in body) return `${status} ${String(body.message)}`;
  return `${status} ${typeof body === 'string' ? body.slice(0, 300) : JSON.stringify(body)?.slice(0, 300)}`;
}

function tokenOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('status' in body)) return undefined;
  const status = body.status;
  if (typeof status !== 'object' || status === null || !('token' in status)) return undefined;
  return typeof status.token === 'string' ? status.token : undefined;
}

function send(
  url: string,
  https: ApiTransport,
  method: string,
  path: string,
  body: unknown,
  contentType = 'application/json',
): Promise<ApiResponse> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: 'application/json',
    ...https.headers,
    ...(text !== undefined && { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(new URL(path, url), { ...https, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString('utf8');
        const isJson = response.headers['content-type']?.startsWith('application/json') === true;
        const parsed: unknown = isJson ? JSON.parse(answer) : answer;
        resolve({ status: response.statusCode ?? 0, body: parsed });
      });
    });
    request.setTimeout(30_000, () => request.destroy(new Error(`${method} ${path} did not answer in 30 s`)));
    request.on('error', reject);
    request.end(text);
  });
}

function run(
  command: string,
  args: readonly string[],
  options: {
    readonly env: NodeJS.ProcessEnv;
    readonly input: string | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      env: options.env,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(options.signal && { signal: options.signal }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // kubectl may end before it has read all of its input; its exit code tells more than EPIPE.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}
