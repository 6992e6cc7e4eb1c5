import { randomBytes } from 'node:crypto';
import { type Cluster, type ClusterAccess, type ClusterOptions, startCluster, useExistingCluster } from '#cluster';

/** Everything this kit creates in a cluster carries this label: `kubectl delete namespace -l sluice.dev/test`. */
export const testLabel = 'sluice.dev/test';

export interface TestCluster extends ClusterAccess {
  /** Makes a namespace of its own for a test. @returns its name: the prefix and a random ending */
  namespace(prefix: string): Promise<string>;
  /** Creates or updates objects as `kubectl apply -f -` does, and throws what kubectl says when it refuses. */
  apply(...objects: readonly unknown[]): Promise<void>;
  /** The object at an API path (`/api/v1/namespaces/x/configmaps/y`); undefined when there is none. */
  get(path: string): Promise<Record<string, unknown> | undefined>;
}

export type SharedClusterOptions = Pick<ClusterOptions, 'controllerManager' | 'scheduler' | 'kwok'>;

const started = new Map<string, Promise<TestCluster>>();

/**
 * The cluster that all tests of this process share: started by the first who asks, ended with the process. One for
 * each set of components asked for. `SLUICE_TEST_CLUSTER` names a kubeconfig to use instead, whatever was asked for.
 */
export function sharedCluster(options: SharedClusterOptions = {}): Promise<TestCluster> {
  const existing = process.env['SLUICE_TEST_CLUSTER'] ?? '';
  const key = existing !== '' ? existing : JSON.stringify([options.controllerManager, options.scheduler, options.kwok]);
  let cluster = started.get(key);
  if (cluster === undefined) {
    const opened = existing !== '' ? useExistingCluster({ kubeconfigPath: existing }) : startCluster(options);
    cluster = opened.then(testCluster);
    started.set(key, cluster);
  }
  return cluster;
}

/** A cluster of one test's own, for tests that kill it. Dispose of it. */
export async function ownCluster(options: SharedClusterOptions = {}): Promise<Cluster & TestCluster> {
  const cluster = await startCluster(options);
  return Object.assign(cluster, testVerbs(cluster));
}

function testCluster(access: ClusterAccess): TestCluster {
  return Object.assign(access, testVerbs(access));
}

function testVerbs(access: ClusterAccess): Pick<TestCluster, 'namespace' | 'apply' | 'get'> {
  return {
    async namespace(prefix) {
      const name = `${prefix}-${randomBytes(3).toString('hex')}`;
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [testLabel]: 'true' } } };
      const { status } = await access.request('POST', '/api/v1/namespaces', body);
      if (status !== 201) throw new Error(`cannot create namespace "${name}": the API server answered ${status}`);
      return name;
    },
    async apply(...objects) {
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
      const { code, stderr } = await access.kubectl(['apply', '-f', '-'], { input });
      if (code !== 0) throw new Error(`cannot apply objects: ${stderr.trim()}`);
    },
    async get(path) {
      const { status, body } = await access.request('GET', path);
      if (status === 404) return undefined;
      if (status !== 200 || !isRecord(body))
        throw new Error(`cannot read "${path}": the API server answered ${status}`);
      return body;
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
