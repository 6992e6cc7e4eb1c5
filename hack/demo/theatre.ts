import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Cluster, startCluster } from '#cluster';
import {
  type GitServer,
  type HttpSink,
  httpSink,
  type RunningController,
  startController,
  startGitServer,
} from '#test-kit';
import { gitopsManifest, postReceiveHook } from './gitops-objects.ts';
import type { Narrator } from './narrator.ts';
import { repositoryName, sampleFiles } from './sample-repository.ts';

const root = resolve(import.meta.dirname, '../..');

/** Everything that runs during the demo. */
export interface Theatre {
  readonly cluster: Cluster;
  readonly git: GitServer;
  readonly alerts: HttpSink;
  readonly source: RunningController;
  readonly kustomize: RunningController;
  readonly notification: RunningController;
  /** The manifest of the demo's own objects, to apply with kubectl. */
  readonly manifestPath: string;
  readonly webhookToken: string;
}

export interface TheatreOptions {
  readonly tell: Narrator;
  readonly signal: AbortSignal;
  /** Folder of the bundles to run instead of the sources. */
  readonly dist: string | undefined;
  /** Everything that was opened; disposed by the caller on every path. */
  readonly stack: AsyncDisposableStack;
}

/** Starts the control plane, the Git server, the sink for alerts and the three controllers, in this order. */
export async function openTheatre(options: TheatreOptions): Promise<Theatre> {
  const { tell, signal, stack } = options;
  const cluster = await tell.step(
    'A control plane on this machine: etcd, API server, controllers, a node of kwok',
    async () =>
      stack.use(
        await startCluster({
          controllerManager: true,
          scheduler: true,
          kwok: true,
          signal,
          log: (line) => tell.progress(line),
        }),
      ),
  );
  const git = await tell.step('A Git server with a sample repository of two applications, cache and shop', async () => {
    const server = stack.use(await startGitServer({ dir: join(cluster.dir, 'git') }));
    await server.createRepository(repositoryName, sampleFiles);
    tell.say(server.repositoryUrl(repositoryName));
    return server;
  });
  await tell.step(
    'The custom resources and the access rights of the controllers: config/crd, config/rbac',
    async () => {
      await kubectl(cluster, ['apply', '--server-side', '-f', join(root, 'config/default/namespace.yaml')]);
      await kubectl(cluster, ['apply', '--server-side', '-k', join(root, 'config/crd')]);
      await kubectl(cluster, ['apply', '--server-side', '-k', join(root, 'config/rbac')]);
      await kubectl(cluster, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
    },
  );
  const controllers = await startControllers(cluster, options);
  const alerts = stack.use(await httpSink());
  const webhookToken = randomBytes(16).toString('hex');
  const manifestPath = join(cluster.dir, 'gitops.yaml');
  const repositoryUrl = git.repositoryUrl(repositoryName);
  await writeFile(manifestPath, gitopsManifest({ repositoryUrl, alertUrl: `${alerts.url}/alerts`, webhookToken }));
  return { cluster, git, alerts, ...controllers, manifestPath, webhookToken };
}

async function startControllers(
  cluster: Cluster,
  { tell, signal, dist, stack }: TheatreOptions,
): Promise<Pick<Theatre, 'source' | 'kustomize' | 'notification'>> {
  const how = dist === undefined ? 'from the sources' : 'from the bundles in dist/';
  return tell.step(
    `Three controllers ${how}, each with the token and the rights of its own ServiceAccount`,
    async () => {
      const start = async (name: RunningController['name'], eventsUrl?: string): Promise<RunningController> => {
        const kubeconfig = await cluster.serviceAccountKubeconfig('flux-system', `${name}-controller`);
        const running = await startController(name, {
          kubeconfig,
          signal,
          ...(eventsUrl !== undefined && { eventsUrl }),
          // As in the Deployments, so that the memory shown is theirs.
          ...(dist !== undefined && {
            dist,
            nodeArgs: ['--max-semi-space-size=2', '--max-old-space-size=512'],
            env: { MALLOC_ARENA_MAX: '2' },
          }),
        });
        tell.say(`${name}-controller, process ${running.pid}`);
        return stack.use(running);
      };
      const notification = await start('notification');
      const source = await start('source', notification.urls.events);
      const kustomize = await start('kustomize', notification.urls.events);
      return { source, kustomize, notification };
    },
  );
}

/** Lets the Git server call the Receiver from now on. */
export async function installHook(theatre: Theatre, webhookPath: string): Promise<void> {
  const hook = postReceiveHook({
    node: process.execPath,
    url: `${theatre.notification.urls.receiver}${webhookPath}`,
    webhookToken: theatre.webhookToken,
  });
  await writeFile(join(theatre.git.repositoryPath(repositoryName), 'hooks', 'post-receive'), hook, { mode: 0o755 });
}

/** Runs kubectl as administrator. @throws with what it printed when it fails */
export async function kubectl(cluster: Cluster, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return stdout;
}
