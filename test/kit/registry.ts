import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, keepProcesses, untilReady } from '#cluster';
import { toolPath } from '#tools';
import { Agent, request } from 'undici';
import { makeServerCertificate, type ServerCertificate } from './certificates.ts';
import { listen, type Listening } from './listen.ts';

/** Who may pull: a password that is asked for by the registry itself, or by the token service that it sends clients to. */
export type RegistryAuth = 'none' | 'basic' | 'token';

export interface RegistryOptions {
  readonly auth?: RegistryAuth;
  readonly tls?: boolean;
}

export interface PushedLayer {
  readonly mediaType: string;
  readonly content: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface PushedManifest {
  readonly layers: readonly PushedLayer[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly configType?: string;
  readonly artifactType?: string;
  /** Digest and size of the manifest that this one is about. */
  readonly subject?: { readonly digest: string; readonly size: number };
}

/** The reference registry (`distribution`) on loopback. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** PEM of the authority to trust, for the token service as well; undefined for plain http. */
  readonly ca: string | undefined;
  readonly username: string;
  readonly password: string;
  /** A Docker configuration that may pull. */
  readonly dockerConfig: string;
  /** Requests to the token service so far. */
  readonly tokenRequests: () => number;
  /** As `flux push artifact` does it, unless told otherwise. @returns digest and size of the manifest */
  push(
    repository: string,
    reference: string,
    manifest: PushedManifest,
  ): Promise<{ readonly digest: string; readonly size: number }>;
}

export const fluxConfigType = 'application/vnd.cncf.flux.config.v1+json';
export const fluxLayerType = 'application/vnd.cncf.flux.content.v1.tar+gzip';

const username = 'robot';
const password = 'wonder';
/** bcrypt of the password: Node cannot make one. */
const htpasswd = `${username}:$2y$05$abcdefghijklmnopqrstuuLZNkQ1VL/QsuI/EN8Qq4Ia5232KBp7m\n`;
const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

export async function startRegistry({ auth = 'none', tls = false }: RegistryOptions = {}): Promise<Registry> {
  const command = await toolPath('registry');
  const dir = await mkdtemp(join(tmpdir(), 'sluice-registry-'));
  const keeper = keepProcesses({ dir, removeDir: true });
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const certificate = tls ? makeServerCertificate() : undefined;
  const tokens = auth === 'token' ? await startTokenService(certificate) : undefined;
  const config: Record<string, unknown> = {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } },
    http: {
      addr: host,
      ...(certificate !== undefined && { tls: { certificate: join(dir, 'cert.pem'), key: join(dir, 'key.pem') } }),
    },
    ...(auth === 'basic' && { auth: { htpasswd: { realm: 'sluice', path: join(dir, 'htpasswd') } } }),
    ...(tokens !== undefined && {
      auth: { token: { realm: tokens.url, service: 'registry', issuer: 'sluice', jwks: join(dir, 'jwks.json') } },
    }),
  };
  await writeFile(join(dir, 'config.yml'), JSON.stringify(config));
  await writeFile(join(dir, 'htpasswd'), htpasswd);
  if (tokens !== undefined) await writeFile(join(dir, 'jwks.json'), tokens.jwks);
  if (certificate !== undefined) {
    await writeFile(join(dir, 'cert.pem'), certificate.cert);
    await writeFile(join(dir, 'key.pem'), certificate.key);
  }
  const child = keeper.start({
    name: 'registry',
    command,
    args: ['serve', join(dir, 'config.yml')],
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  const dispatcher = new Agent({ connect: certificate === undefined ? {} : { ca: certificate.ca } });
  const base = `${tls ? 'https' : 'http'}://${host}`;
  const answers = async (): Promise<true | undefined> => {
    const answer = await request(`${base}/v2/`, { dispatcher }).catch(() => undefined);
    await answer?.body.dump();
    return answer === undefined ? undefined : true;
  };
  await untilReady(child, answers, { timeoutMs: 20_000 });
  return {
    host,
    ca: certificate?.ca,
    username,
    password,
    dockerConfig: JSON.stringify({ auths: { [host]: { username, password } } }),
    tokenRequests: () => tokens?.count() ?? 0,
    push: async (repository, reference, manifest) => {
      const authorization = tokens === undefined ? basic : `Bearer ${tokens.issue(repository, ['pull', 'push'])}`;
      return pushManifest({ url: `${base}/v2/${repository}`, authorization, dispatcher }, reference, manifest);
    },
    [Symbol.asyncDispose]: async () => {
      await keeper.stop();
      await dispatcher.destroy();
      await tokens?.close();
    },
  };
}

interface Target {
  readonly url: string;
  readonly authorization: string;
  readonly dispatcher: Agent;
}

async function pushManifest(
  target: Target,
  reference: string,
  manifest: PushedManifest,
): Promise<{ readonly digest: string; readonly size: number }> {
  const config = Buffer.from('{}');
  const layers = [];
  for (const { mediaType, content, annotations } of manifest.layers) {
    layers.push({ mediaType, ...(await pushBlob(target, content)), ...(annotations && { annotations }) });
  }
  const body = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      ...(manifest.artifactType !== undefined && { artifactType: manifest.artifactType }),
      config: { mediaType: manifest.configType ?? fluxConfigType, ...(await pushBlob(target, config)) },
      layers,
      ...(manifest.subject && {
        subject: { mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest.subject },
      }),
      ...(manifest.annotations && { annotations: manifest.annotations }),
    }),
  );
  const digest = digestOf(body);
  await expectStatus(
    await request(`${target.url}/manifests/${reference === '' ? digest : reference}`, {
      method: 'PUT',
      headers: {
        authorization: target.authorization,
        'content-type': 'application/vnd.oci.image.manifest.v1+json',
      },
      body,
      dispatcher: target.dispatcher,
    }),
    201,
  );
  return { digest, size: body.length };
}

async function pushBlob(
  { url, authorization, dispatcher }: Target,
  content: Uint8Array,
): Promise<{ readonly digest: string; readonly size: number }> {
  const begun = await request(`${url}/blobs/uploads/`, { method: 'POST', headers: { authorization }, dispatcher });
  await expectStatus(begun, 202);
  const location = new URL(String(begun.headers['location']), url);
  const digest = digestOf(content);
  location.searchParams.set('digest', digest);
  const headers = { authorization, 'content-type': 'application/octet-stream' };
  await expectStatus(await request(location, { method: 'PUT', headers, body: Buffer.from(content), dispatcher }), 201);
  return { digest, size: content.length };
}

async function expectStatus(answer: Awaited<ReturnType<typeof request>>, status: number): Promise<void> {
  const text = await answer.body.text();
  if (answer.statusCode !== status) throw new Error(`cannot push: the registry answered ${answer.statusCode}: ${text}`);
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

interface TokenService {
  readonly url: string;
  readonly jwks: string;
  count(): number;
  issue(repository: string, actions: readonly string[]): string;
  close(): Promise<void>;
}

/** Gives pull tokens to who knows the password, as the token service of a registry does. */
async function startTokenService(certificate: ServerCertificate | undefined): Promise<TokenService> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const keyId = randomUUID();
  let count = 0;
  const issue = (repository: string, actions: readonly string[]): string =>
    signToken(privateKey, keyId, { type: 'repository', name: repository, actions });
  const handle = (incoming: IncomingMessage, response: ServerResponse): void => {
    count += 1;
    const scope = new URL(incoming.url ?? '/', 'http://x').searchParams.get('scope') ?? '';
    const [, repository = '', actions = ''] = scope.split(':');
    if (incoming.headers.authorization !== basic || actions !== 'pull') response.writeHead(401).end();
    else response.writeHead(200).end(JSON.stringify({ token: issue(repository, ['pull']) }));
  };
  const server: Listening = await listen(handle, certificate === undefined ? {} : { tls: certificate });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: 'ES256' };
  return {
    url: `${server.url}/token`,
    jwks: JSON.stringify({ keys: [jwk] }),
    count: () => count,
    issue,
    close: () => server.close(),
  };
}

function signToken(key: KeyObject, keyId: string, access: object): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'sluice',
    aud: 'registry',
    sub: username,
    nbf: now - 60,
    iat: now - 60,
    exp: now + 600,
    jti: randomUUID(),
    access: [access],
  };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode({ typ: 'JWT', alg: 'ES256', kid: keyId })}.${encode(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
