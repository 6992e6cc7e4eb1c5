import { mkdtemp, rm } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolPath } from '#tools';
import { type ClusterAccess, clusterAccess } from './access.ts';

/**
 * Uses a cluster that runs already. The caller names the kubeconfig; nothing here reads `KUBECONFIG`, so that no test
 * ever writes to the cluster somebody happens to be logged in to.
 * @throws when the kubeconfig has no current context
 */
export async function useExistingCluster(options: {
  readonly kubeconfigPath: string;
  readonly signal?: AbortSignal;
  readonly environment?: NodeJS.ProcessEnv;
}): Promise<ClusterAccess & AsyncDisposable> {
  const { kubeconfigPath, signal } = options;
  const environment = options.environment ?? process.env;
  // Imported when needed: it takes half a second and 88 MB, which the loopback cluster can do without.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const current = config.getCurrentCluster();
  if (current === null) throw new Error(`cannot use "${kubeconfigPath}": it has no current context`);
  const headers: OutgoingHttpHeaders = {};
  const https: RequestOptions = { headers };
  await config.applyToHTTPSOptions(https);
  const dir = await mkdtemp(join(tmpdir(), 'sluice-existing-'));
  const access = clusterAccess({
    url: current.server,
    kubeconfigPath,
    dir,
    ca: certificateAuthority(https),
    https: { ...https, headers },
    kubectlPath: () => toolPath('kubectl', { signal, environment }),
    environment,
  });
  return {
    ...access,
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function certificateAuthority(https: RequestOptions): Buffer {
  const ca = Array.isArray(https.ca) ? https.ca[0] : https.ca;
  return typeof ca === 'string' ? Buffer.from(ca) : (ca ?? Buffer.alloc(0));
}
