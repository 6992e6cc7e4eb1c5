import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchArtifact } from '#artifact';
import { asGitRepository, type GitRepository, type GitRepositorySpec } from '#crds';
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

/** source-controller on a real API server, and what tests ask of it. */
export interface SourceCluster extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly controller: RunningController;
  readonly events: HttpSink;
  readonly namespace: string;
  apply(name: string, spec: Partial<GitRepositorySpec> & { readonly url: string }): Promise<void>;
  secret(name: string, stringData: Readonly<Record<string, string>>): Promise<void>;
  /** Asks for a run. @returns the token that status will show */
  request(name: string): Promise<string>;
  /** Waits for Ready, as `<status> <reason>: <message>`, to come to rest on the last spec (and request). */
  settled(name: string, wanted: RegExp, token?: string): Promise<GitRepository>;
  /** Path → content of the artifact. */
  content(object: GitRepository): Promise<Readonly<Record<string, string>>>;
  eventsOf(name: string): Promise<readonly string[]>;
}

export async function startSourceCluster(args: readonly string[] = []): Promise<SourceCluster> {
  const cluster = await sharedCluster();
  const crds = await cluster.kubectl(['apply', '--server-side', '-k', join(root, 'config/crd')]);
  assert.equal(crds.code, 0, crds.stderr);
  await cluster.kubectl(['create', 'namespace', 'flux-system']);
  const events = await httpSink();
  const namespace = await cluster.namespace('source');
  const controller = await startController('source', {
    kubeconfig: cluster.kubeconfigPath,
    eventsUrl: events.url,
    args,
  });
  const path = (name: string): string =>
    `/apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories/${name}`;
  return {
    cluster,
    controller,
    events,
    namespace,
    apply: (name, spec) =>
      cluster.apply({
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        kind: 'GitRepository',
        metadata: { name, namespace },
        spec: { interval: '1h', ref: { branch: 'main' }, ...spec },
      }),
    secret: (name, stringData) =>
      cluster.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData }),
    async request(name) {
      const token = `token-${Math.random()}`;
      const patch = { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': token } } };
      const answer = await cluster.request('PATCH', path(name), patch, 'application/merge-patch+json');
      assert.equal(answer.status, 200);
      return token;
    },
    async settled(name, wanted, token) {
      let last: GitRepository | undefined;
      try {
        return await waitFor(async () => {
          const object = await cluster.get(path(name));
          last = object === undefined ? undefined : asGitRepository(object);
          const ready = last?.status?.conditions?.find(({ type }) => type === 'Ready');
          const isHandled = token === undefined || last?.status?.lastHandledReconcileAt === token;
          return isHandled &&
            ready?.observedGeneration === last?.metadata.generation &&
            wanted.test(conditionOf(last, 'Ready'))
            ? last
            : undefined;
        });
      } catch (error) {
        throw new Error(`${String(error)}: ${JSON.stringify(last?.status, null, 1)}`, { cause: error });
      }
    },
    async content(object) {
      assert.ok(object.status?.artifact !== undefined);
      const dir = await mkdtemp(join(tmpdir(), 'unpacked-'));
      try {
        const out = join(dir, 'out');
        await fetchArtifact(object.status.artifact, out, { retries: 0 });
        const entries = await readdir(out, { recursive: true, withFileTypes: true });
        const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
        const pairs = files.toSorted().map(async (file) => [file.slice(out.length + 1), await readFile(file, 'utf8')]);
        return Object.fromEntries(await Promise.all(pairs));
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
    async eventsOf(name) {
      const list = await cluster.get(
        `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name=${name}`,
      );
      assert.ok(Array.isArray(list?.['items']));
      return list['items'].map((event: { type: string; reason: string; message: string }) =>
        [event.type, event.reason, event.message].join(' '),
      );
    },
    async [Symbol.asyncDispose]() {
      await controller.stop();
      await events[Symbol.asyncDispose]();
    },
  };
}

/** `<status> <reason>: <message>`; empty when there is no such condition. */
export function conditionOf(object: GitRepository | undefined, type: string): string {
  const condition = object?.status?.conditions?.find((known) => known.type === type);
  return condition === undefined ? '' : `${condition.status} ${condition.reason}: ${condition.message}`;
}
