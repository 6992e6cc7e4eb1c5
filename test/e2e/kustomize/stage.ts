import { fileURLToPath } from 'node:url';
import { sharedCluster, type TestCluster, waitFor } from '#test-kit';
import { type ArtifactStore, startArtifactStore, type StoredArchive } from './artifact-store.ts';

type Json = Record<string, unknown>;

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface KustomizationObject extends Json {
  readonly metadata: {
    readonly name: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly finalizers?: readonly string[];
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly observedGeneration?: number;
    readonly lastAppliedRevision?: string;
    readonly lastAttemptedRevision?: string;
    readonly lastHandledReconcileAt?: string;
    readonly inventory?: { readonly entries: readonly { readonly id: string; readonly v: string }[] };
    readonly history?: readonly Json[];
  };
}

const crds = fileURLToPath(new URL('../../../config/crd', import.meta.url));

export async function installCrds(cluster: TestCluster): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['apply', '--server-side', '-k', crds]);
  if (code !== 0) throw new Error(`cannot install the CRDs: ${stderr}`);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
}

/** A namespace with sources that the test itself publishes. */
export interface Stage extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly store: ArtifactStore;
  /** Makes the files the new content of a source. @returns the revision */
  publish(source: string, files: Readonly<Record<string, string>>, revision?: string): Promise<string>;
  /** Announces an archive that is already stored, or is said to be. */
  announce(source: string, archive: StoredArchive, revision?: string): Promise<string>;
  /** Applies a Kustomization of this namespace. */
  kustomization(name: string, spec: Json): Promise<void>;
  get(name: string): Promise<KustomizationObject | undefined>;
  /** Waits until the Kustomization's Ready condition is like this. */
  ready(
    name: string,
    want: { readonly status?: string; readonly reason?: string; readonly revision?: string; readonly message?: RegExp },
    timeoutMs?: number,
  ): Promise<KustomizationObject>;
  /** An object of the namespace; `path` is `configmaps/x` or `apis/apps/v1:deployments/x`. */
  object(path: string): Promise<Json | undefined>;
  objectPath(path: string): string;
}

let counter = 0;

export async function openStage(given?: TestCluster): Promise<Stage> {
  const cluster = given ?? (await sharedCluster());
  await installCrds(cluster);
  const namespace = await cluster.namespace('ks');
  const store = await startArtifactStore();
  const ks = (name: string): string =>
    `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${namespace}/kustomizations/${name}`;
  const objectPath = (path: string): string => {
    const [api, rest] = path.includes(':') ? path.split(':', 2) : ['api/v1', path];
    return `/${api}/namespaces/${namespace}/${rest}`;
  };
  const get = async (name: string): Promise<KustomizationObject | undefined> =>
    // The cast rests on the CRD, against which the API server has checked the object.
    (await cluster.get(ks(name))) as KustomizationObject | undefined;
  const announce = async (
    source: string,
    archive: StoredArchive,
    revision = `main@sha1:${String(++counter).padStart(40, '0')}`,
  ): Promise<string> => {
    const kind = 'GitRepository';
    await cluster.apply({
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind,
      metadata: { name: source, namespace },
      spec: { interval: '1h', url: 'http://127.0.0.1/none' },
    });
    const artifact = { ...archive, revision, lastUpdateTime: new Date().toISOString().replace(/\.\d+/, '') };
    const path = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories/${source}/status`;
    const answer = await cluster.request('PATCH', path, { status: { artifact } }, 'application/merge-patch+json');
    if (answer.status !== 200) throw new Error(`cannot announce an artifact: ${JSON.stringify(answer.body)}`);
    return revision;
  };
  return {
    cluster,
    namespace,
    store,
    announce,
    publish: async (source, files, revision) => announce(source, await store.put(files), revision),
    kustomization: (name, spec) =>
      cluster.apply({
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: { name, namespace },
        spec: { interval: '1h', retryInterval: '1h', prune: true, targetNamespace: namespace, ...spec },
      }),
    get,
    ready: (name, want, timeoutMs = 20_000) =>
      waitFor(
        async () => {
          const object = await get(name);
          const ready = object?.status?.conditions?.find(({ type }) => type === 'Ready');
          if (object === undefined || ready === undefined) return undefined;
          if (ready.status !== (want.status ?? 'True')) throw new Error(JSON.stringify(object.status));
          if (want.reason !== undefined && ready.reason !== want.reason) throw new Error(JSON.stringify(object.status));
          if (want.message !== undefined && !want.message.test(ready.message)) throw new Error(ready.message);
          if (want.revision !== undefined && object.status?.lastAppliedRevision !== want.revision)
            throw new Error(JSON.stringify(object.status));
          return object;
        },
        { timeoutMs, what: `Kustomization ${name} to be ${JSON.stringify(want)}` },
      ),
    object: (path) => cluster.get(objectPath(path)),
    objectPath,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

export function configMap(name: string, data: Readonly<Record<string, string>> = { a: '1' }): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
}
