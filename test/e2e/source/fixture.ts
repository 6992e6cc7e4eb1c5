import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchArtifact, type TarEntry, gzipBytes, tarBytes } from '#artifact';
import { type Artifact, type Condition, type KindName, type KubeObject, kinds } from '#crds';
import {
  type HttpSink,
  httpSink,
  type RunningController,
  sharedCluster,
  startController,
  type TestCluster,
  waitFor,
} from '#test-kit';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A source as the API server has it. */
export interface LiveSource extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>> & {
    readonly artifact?: Artifact;
    readonly conditions?: readonly Condition[];
    readonly observedGeneration?: number;
    readonly lastHandledReconcileAt?: string;
    readonly url?: string;
  };
}

/** source-controller on a real API server, with what tests of its kinds ask for. */
export class SourceFixture implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly events: HttpSink;
  readonly controller: RunningController;
  readonly namespace: string;

  private constructor(cluster: TestCluster, events: HttpSink, controller: RunningController, namespace: string) {
    this.cluster = cluster;
    this.events = events;
    this.controller = controller;
    this.namespace = namespace;
  }

  static async start(args: readonly string[] = []): Promise<SourceFixture> {
    const cluster = await sharedCluster();
    const crds = await cluster.kubectl(['apply', '--server-side', '-k', join(root, 'config/crd')]);
    assert.equal(crds.code, 0, crds.stderr);
    await cluster.kubectl(['create', 'namespace', 'flux-system']);
    const events = await httpSink();
    const controller = await startController('source', {
      kubeconfig: cluster.kubeconfigPath,
      eventsUrl: events.url,
      args: ['--artifact-retention-ttl=1s', ...args],
    });
    return new SourceFixture(cluster, events, controller, await cluster.namespace('source'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.controller.stop();
    await this.events[Symbol.asyncDispose]();
  }

  path(kind: KindName, name: string): string {
    const { apiVersion, plural } = kinds[kind];
    return `/apis/${apiVersion}/namespaces/${this.namespace}/${plural}/${name}`;
  }

  async apply(kind: KindName, name: string, spec: object): Promise<void> {
    const { apiVersion } = kinds[kind];
    const metadata = { name, namespace: this.namespace };
    await this.cluster.apply({ apiVersion, kind, metadata, spec: { interval: '1h', ...spec } });
  }

  async secret(name: string, stringData: Readonly<Record<string, string>>, type = 'Opaque'): Promise<void> {
    const metadata = { name, namespace: this.namespace };
    await this.cluster.apply({ apiVersion: 'v1', kind: 'Secret', metadata, type, stringData });
  }

  async remove(kind: KindName, name: string): Promise<void> {
    assert.equal((await this.cluster.request('DELETE', this.path(kind, name))).status, 200);
  }

  /** Asks for a run. @returns the token that status shows afterwards */
  async request(kind: KindName, name: string): Promise<string> {
    const token = `token-${Math.random()}`;
    const patch = { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': token } } };
    const answer = await this.cluster.request('PATCH', this.path(kind, name), patch, 'application/merge-patch+json');
    assert.equal(answer.status, 200);
    return token;
  }

  async read(kind: KindName, name: string): Promise<LiveSource | undefined> {
    const object = await this.cluster.get(this.path(kind, name));
    return object === undefined ? undefined : asSource(object);
  }

  /** Waits until Ready fits, for the last spec and request. */
  async settled(kind: KindName, name: string, wanted: RegExp, token?: string): Promise<LiveSource> {
    let last: LiveSource | undefined;
    try {
      return await waitFor(async () => {
        last = await this.read(kind, name);
        const ready = last?.status?.conditions?.find(({ type }) => type === 'Ready');
        const fits = wanted.test(conditionOf(last, 'Ready')) && ready?.observedGeneration === last?.metadata.generation;
        const handled = token === undefined || last?.status?.lastHandledReconcileAt === token;
        return fits && handled ? last : undefined;
      });
    } catch (error) {
      const logs = (await this.controller.logs()).slice(-5).map((line) => JSON.stringify(line));
      const status = JSON.stringify(last?.status, null, 1);
      throw new Error([String(error), status, ...logs].join('\n'), { cause: error });
    }
  }

  /** Asks for a run and waits for its end. */
  async rerun(kind: KindName, name: string, wanted: RegExp): Promise<LiveSource> {
    return this.settled(kind, name, wanted, await this.request(kind, name));
  }

  posted(name: string): readonly Readonly<Record<string, unknown>>[] {
    return this.events.requests
      .map((received): Record<string, unknown> => JSON.parse(received.body))
      .filter((event) => JSON.stringify(event['involvedObject']).includes(`"${name}"`));
  }

  async kubeEvents(name: string): Promise<readonly string[]> {
    const list = await this.cluster.get(
      `/api/v1/namespaces/${this.namespace}/events?fieldSelector=involvedObject.name=${name}`,
    );
    assert.ok(Array.isArray(list?.['items']));
    return list['items'].map((event: { type: string; reason: string; message: string }) =>
      [event.type, event.reason, event.message].join(' '),
    );
  }
}

function asSource(object: Readonly<Record<string, unknown>>): LiveSource {
  assert.ok(typeof object['spec'] === 'object');
  return object as unknown as LiveSource; // the CRD's schema has checked it
}

/** `True Succeeded: stored …`; empty without such a condition. */
export function conditionOf(object: LiveSource | undefined, type: string): string {
  const condition = object?.status?.conditions?.find((known) => known.type === type);
  return condition === undefined ? '' : `${condition.status} ${condition.reason}: ${condition.message}`;
}

/** Files of an artifact, by path. */
export async function contentOf(object: LiveSource): Promise<Readonly<Record<string, string>>> {
  assert.ok(object.status?.artifact !== undefined);
  const dir = await mkdtemp(join(tmpdir(), 'unpacked-'));
  try {
    const out = join(dir, 'out');
    await fetchArtifact(object.status.artifact, out, { retries: 0 });
    const entries = await readdir(out, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const contents = await Promise.all(
      files.toSorted().map(async (file) => [file.slice(out.length + 1), await readFile(file, 'utf8')]),
    );
    return Object.fromEntries(contents);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The bytes of an artifact, whose digest is what status says. */
export async function bytesOf(object: LiveSource): Promise<Buffer> {
  assert.ok(object.status?.artifact !== undefined);
  await fetchArtifact(object.status.artifact, undefined, { retries: 0 });
  return Buffer.from(await (await fetch(object.status.artifact.url)).arrayBuffer());
}

/** A tar.gz with these files. */
export async function archiveOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const entries = Object.entries(files).map(([name, text]): TarEntry => {
    const content = Buffer.from(text);
    return { name, type: 'file', mode: 0o600, sizeBytes: content.length, content };
  });
  const pieces: Buffer[] = [];
  for await (const piece of gzipBytes(tarBytes(entries))) pieces.push(piece);
  return Buffer.concat(pieces);
}
