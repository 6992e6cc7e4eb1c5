import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '#cluster';
import { gitRepository, kustomization, receiver } from '#crds';
import type { KubeClient, Resource } from '#kube';
import type { GitServer } from '#test-kit';

const configMaps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
const name = 'push';

function file(version: number): Readonly<Record<string, string>> {
  return {
    'app/config.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  version: "${version}"\n`,
  };
}

function objects(namespace: string, url: string): unknown {
  const metadata = { name, namespace };
  const sourceRef = { kind: gitRepository.kind, name };
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token: 'bench' } },
      {
        apiVersion: gitRepository.apiVersion,
        kind: gitRepository.kind,
        metadata,
        spec: { url, interval: '1h', ref: { branch: 'main' } },
      },
      {
        apiVersion: kustomization.apiVersion,
        kind: kustomization.kind,
        metadata,
        spec: { interval: '1h', prune: true, wait: true, path: './app', targetNamespace: namespace, sourceRef },
      },
      {
        apiVersion: receiver.apiVersion,
        kind: receiver.kind,
        metadata,
        spec: { type: 'generic', secretRef: { name }, resources: [sourceRef] },
      },
    ],
  };
}

export interface PushBench {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly git: GitServer;
  /** Where webhooks are received. */
  readonly receiverUrl: string;
  readonly namespace: string;
}

/** Time from the webhook of a new commit until its object is changed in the cluster, for each of `count` commits, in milliseconds. */
export async function measurePushes(bench: PushBench, count: number): Promise<readonly number[]> {
  const { cluster, client, git, namespace } = bench;
  await git.createRepository(name, file(0));
  const applied = await cluster.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify(objects(namespace, git.repositoryUrl(name))),
  });
  if (applied.code !== 0) throw new Error(applied.stderr);
  const key = { namespace, name };
  const until = async (version: number): Promise<void> => {
    for (const giveUpAt = performance.now() + 30_000; performance.now() < giveUpAt; await sleep(5)) {
      const data = (await client.find(configMaps, key))?.['data'];
      if (JSON.stringify(data) === JSON.stringify({ version: String(version) })) return;
    }
    throw new Error(`version ${version} did not arrive in 30 s`);
  };
  await until(0);
  const { status } = await client.get(receiver, key);
  const path = String(Object.entries(Object(status)).find(([field]) => field === 'webhookPath')?.[1]);
  const times: number[] = [];
  for (let version = 1; version <= count; version++) {
    await git.commit(name, file(version), `Version ${version}`);
    const from = performance.now();
    await fetch(`${bench.receiverUrl}${path}`, { method: 'POST', body: '{}' });
    await until(version);
    times.push(performance.now() - from);
  }
  return times;
}
