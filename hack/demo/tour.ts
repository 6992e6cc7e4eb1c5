import { waitFor } from '#test-kit';
import type { Narrator } from './narrator.ts';
import {
  appsNamespace,
  brokenShopDeployment,
  goodShopDeployment,
  repositoryName,
  shopDeploymentPath,
  shopKustomization,
  shopKustomizationPath,
} from './sample-repository.ts';
import { installHook, kubectl, type Theatre } from './theatre.ts';

/** Longest wait for any one thing of the tour, in ms. */
const patienceMs = 90_000;

/** Shows the main job, one step after the other. @throws when something does not come about */
export async function tour(theatre: Theatre, tell: Narrator): Promise<void> {
  await firstSync(theatre, tell);
  await pushChange(theatre, tell);
  await breakIt(theatre, tell);
  await drift(theatre, tell);
  await metrics(theatre, tell);
}

async function firstSync(theatre: Theatre, tell: Narrator): Promise<void> {
  await tell.step(
    'One kubectl apply: a GitRepository, two Kustomizations, a Provider, an Alert, a Receiver',
    async () => {
      await show(theatre, tell, ['apply', '-f', theatre.manifestPath]);
    },
  );
  await tell.step('The first commit becomes objects: cache first, then shop, which depends on it', async () => {
    for (const name of ['cache', 'shop']) await untilReady(theatre, name, await head(theatre));
    await show(theatre, tell, ['get', 'gitrepositories,kustomizations', '-n', 'flux-system']);
    await show(theatre, tell, ['get', 'deployments,pods', '-n', appsNamespace]);
  });
  await tell.step('The Receiver has an address: the Git server shall call it after each push', async () => {
    const path = await waitFor(async () => text(await read(theatre, receiverPath), 'status', 'webhookPath'), {
      timeoutMs: patienceMs,
      what: 'the webhook path of Receiver "push"',
    });
    await installHook(theatre, path);
    tell.say(`POST ${theatre.notification.urls.receiver}${path.slice(0, 18)}… (hooks/post-receive of the repository)`);
  });
}

async function pushChange(theatre: Theatre, tell: Narrator): Promise<void> {
  await tell.step(
    'git push: shop 1.1.0 with 3 replicas. The webhook wakes the source, the cluster follows',
    async () => {
      theatre.alerts.clear();
      const files = { [shopKustomizationPath]: shopKustomization({ tag: '1.1.0', replicas: 3 }) };
      const commit = await theatre.git.push(repositoryName, files, 'Shop 1.1.0, three of them');
      const pushed = theatre.git.requests.findLast(({ path }) => path.endsWith('/git-receive-pack'))?.at ?? new Date();
      await waitFor(async () => deploymentImage(await read(theatre, shopPath)) === 'registry.example/shop:1.1.0', {
        timeoutMs: patienceMs,
        pollMs: 20,
        what: 'the new image in Deployment "shop"',
      });
      tell.say(
        `commit ${commit.slice(0, 8)} was in the cluster ${Date.now() - pushed.getTime()} ms after the push began`,
      );
      await show(theatre, tell, ['rollout', 'status', 'deployment/shop', '-n', appsNamespace, '--timeout=60s']);
      await untilReady(theatre, 'shop', commit);
      await show(theatre, tell, ['get', 'deployments,pods', '-n', appsNamespace]);
    },
  );
  await tell.step('The alert, as it was delivered to the Provider', async () => {
    const [alert] = await theatre.alerts.received(1, {
      timeoutMs: patienceMs,
      where: ({ body }) => body.includes('Deployment/demo/shop configured'),
    });
    tell.quote(`POST ${alert?.path ?? ''}\n${pretty(alert?.body ?? '')}`);
  });
}

async function breakIt(theatre: Theatre, tell: Narrator): Promise<void> {
  await tell.step(
    'git push of a mistake, a tab in a YAML file: the condition names file and line, the shop runs on',
    async () => {
      const broken = await theatre.git.push(repositoryName, { [shopDeploymentPath]: brokenShopDeployment }, 'Tidy up');
      const message = await waitFor(
        async () => {
          const shop = await read(theatre, kustomizationPath('shop'));
          const ready = condition(shop, 'Ready');
          // The attempted revision is written only by runs that got to the build.
          return ready?.['status'] === 'False' && ready['reason'] === 'BuildFailed'
            ? String(ready['message'])
            : undefined;
        },
        { timeoutMs: patienceMs, what: `Kustomization "shop" to refuse commit ${broken.slice(0, 8)}` },
      );
      tell.quote(message);
      if (!/deployment\.yaml/.test(message) || !/line \d+|:\d+/.test(message)) {
        throw new Error(`cannot find file and line in the condition: ${message}`);
      }
      await show(theatre, tell, ['get', 'kustomizations', '-n', 'flux-system']);
    },
  );
  await tell.step('git push of the repair', async () => {
    const commit = await theatre.git.push(repositoryName, { [shopDeploymentPath]: goodShopDeployment }, 'Spaces again');
    await untilReady(theatre, 'shop', commit);
    await show(theatre, tell, ['get', 'kustomizations', '-n', 'flux-system']);
  });
}

async function drift(theatre: Theatre, tell: Narrator): Promise<void> {
  await tell.step('Somebody changes the cluster by hand: what Git says is put back', async () => {
    const repaired = async (args: readonly string[], isBack: () => Promise<boolean>): Promise<void> => {
      const started = Date.now();
      await show(theatre, tell, [...args, '-n', appsNamespace]);
      await waitFor(isBack, { timeoutMs: patienceMs, pollMs: 20, what: `the repair of "kubectl ${args.join(' ')}"` });
      tell.say(`repaired ${Date.now() - started} ms after kubectl was started`);
    };
    await repaired(
      ['scale', 'deployment/shop', '--replicas=7'],
      async () => at(await read(theatre, shopPath), 'spec', 'replicas') === 3,
    );
    await repaired(['delete', 'service/cache'], async () => (await read(theatre, servicePath)) !== undefined);
  });
}

async function metrics(theatre: Theatre, tell: Narrator): Promise<void> {
  await tell.step('A few lines of /metrics', async () => {
    const wanted = /^(gotk_reconcile_duration_seconds_(count|sum)|controller_runtime_reconcile_total)\{.*\} /;
    const lines = (await theatre.kustomize.metrics()).split('\n').filter((line) => wanted.test(line));
    if (lines.length === 0) throw new Error(`cannot find reconcile metrics at ${theatre.kustomize.urls.metrics}`);
    tell.quote(lines.slice(0, 8).join('\n'));
    for (const controller of [theatre.source, theatre.kustomize, theatre.notification]) {
      const megabytes = Math.round((await controller.rssBytes()) / 1_000_000);
      tell.say(`${controller.name}-controller: ${megabytes} MB, ${(await controller.cpuSeconds()).toFixed(1)} CPU-s`);
    }
  });
}

const kustomizationPath = (name: string): string =>
  `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/${name}`;
const receiverPath = '/apis/notification.toolkit.fluxcd.io/v1/namespaces/flux-system/receivers/push';
const shopPath = `/apis/apps/v1/namespaces/${appsNamespace}/deployments/shop`;
const servicePath = `/api/v1/namespaces/${appsNamespace}/services/cache`;

async function head(theatre: Theatre): Promise<string> {
  return theatre.git.branch(repositoryName, 'main', 'main');
}

/** Waits until a Kustomization is Ready at a commit, and says where it stands when it does not get there. */
async function untilReady(theatre: Theatre, name: string, commit: string): Promise<void> {
  let last = 'it has no status yet';
  const reached = async (): Promise<boolean> => {
    const object = await read(theatre, kustomizationPath(name));
    const ready = condition(object, 'Ready');
    if (ready !== undefined) last = `Ready is ${String(ready['status'])}: ${String(ready['message'])}`;
    const revision = text(object, 'status', 'lastAppliedRevision') ?? '';
    return ready?.['status'] === 'True' && revision.endsWith(commit);
  };
  await waitFor(reached, { timeoutMs: patienceMs }).catch((error: unknown) => {
    throw new Error(`Kustomization "${name}" did not get to ${commit.slice(0, 8)}; ${last}`, { cause: error });
  });
}

async function show(theatre: Theatre, tell: Narrator, args: readonly string[]): Promise<void> {
  tell.say(`$ kubectl ${args.join(' ')}`);
  tell.quote(await kubectl(theatre.cluster, args));
}

/** An object, or undefined when there is none. */
async function read(theatre: Theatre, path: string): Promise<unknown> {
  const { status, body } = await theatre.cluster.request('GET', path);
  return status === 200 ? body : undefined;
}

function at(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const key of path) value = isRecord(value) ? value[key] : undefined;
  return value;
}

function text(object: unknown, ...path: readonly string[]): string | undefined {
  const value = at(object, ...path);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function condition(object: unknown, type: string): Readonly<Record<string, unknown>> | undefined {
  const conditions = at(object, 'status', 'conditions');
  if (!Array.isArray(conditions)) return undefined;
  return conditions.filter(isRecord).find((found) => found['type'] === type);
}

function deploymentImage(object: unknown): unknown {
  const containers = at(object, 'spec', 'template', 'spec', 'containers');
  return Array.isArray(containers) ? at(containers[0], 'image') : undefined;
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), undefined, 2);
  } catch {
    return json;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
