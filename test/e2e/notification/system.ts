import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type RunningController, sharedCluster, startController, type TestCluster, waitFor } from '#test-kit';

const configFolder = fileURLToPath(new URL('../../../config/', import.meta.url));

/** notification-controller as a process with the rights of its own ServiceAccount, on a real API server. */
export interface NotificationSystem extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly controller: RunningController;
  /** Posts an event as a controller does. */
  post(event: object): Promise<Response>;
  /** Calls a webhook. */
  call(path: string, init?: RequestInit): Promise<Response>;
  /** The warnings of Kubernetes about an object. */
  warnings(namespace: string, name: string): Promise<readonly Warning[]>;
  /** Waits for a warning about an object whose message matches. */
  warned(namespace: string, name: string, message: RegExp): Promise<Warning>;
}

export interface Warning {
  readonly reason: string;
  readonly message: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export async function startSystem(
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<NotificationSystem> {
  const cluster = await sharedCluster();
  await install(cluster);
  const kubeconfig = await cluster.serviceAccountKubeconfig('flux-system', 'notification-controller');
  // Memory is bounded as in config/manager.
  const nodeArgs = ['--max-semi-space-size=2', '--max-old-space-size=256'];
  const controller = await startController('notification', { kubeconfig, args, nodeArgs, env });
  const warnings = async (namespace: string, name: string): Promise<readonly Warning[]> => {
    const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name%3D${name},type%3DWarning`;
    const list: unknown = await cluster.get(path);
    return listOf(list).map(({ reason, message, metadata }) => ({
      reason: String(reason),
      message: String(message),
      annotations: metadata.annotations ?? {},
    }));
  };
  return {
    cluster,
    controller,
    post: (event) =>
      fetch(controller.urls.events, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(event),
      }),
    call: (path, init) => fetch(`${controller.urls.receiver}${path}`, init),
    warnings,
    warned: (namespace, name, message) =>
      waitFor(async () => (await warnings(namespace, name)).find((warning) => message.test(warning.message)), {
        what: `a warning about ${name} that matches ${message}`,
      }),
    [Symbol.asyncDispose]: () => controller.stop(),
  };
}

interface EventItem {
  readonly reason: unknown;
  readonly message: unknown;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

/** The API server's own answer to a list of events. */
function listOf(list: unknown): readonly EventItem[] {
  return (list as { readonly items: readonly EventItem[] }).items;
}

async function install(cluster: TestCluster): Promise<void> {
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flux-system' } });
  for (const folder of ['crd', 'rbac']) {
    const { code, stderr } = await cluster.kubectl(['apply', '--server-side', '-k', `${configFolder}${folder}`]);
    if (code !== 0) throw new Error(`cannot apply config/${folder}: ${stderr}`);
  }
  const { code, stderr } = await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  if (code !== 0) throw new Error(`the kinds are not served: ${stderr}`);
}

export const kustomizeGroup = 'kustomize.toolkit.fluxcd.io';

/** An event of a Kustomization; its message is new each time unless given. */
export function kustomizationEvent(
  namespace: string,
  fields: { readonly name?: string; readonly metadata?: Readonly<Record<string, string>> } & Record<
    string,
    unknown
  > = {},
): object {
  const { name = 'web', ...rest } = fields;
  return {
    involvedObject: { kind: 'Kustomization', namespace, name, uid: 'u-1', apiVersion: `${kustomizeGroup}/v1` },
    severity: 'info',
    timestamp: '2026-11-21T02:27:31Z',
    message: `applied ${randomUUID()}`,
    reason: 'ReconciliationSucceeded',
    reportingController: 'kustomize-controller',
    reportingInstance: 'pod-1',
    ...rest,
  };
}

export function provider(namespace: string, name: string, spec: object): object {
  return {
    apiVersion: 'notification.toolkit.fluxcd.io/v1beta3',
    kind: 'Provider',
    metadata: { name, namespace },
    spec,
  };
}

export function alert(namespace: string, name: string, spec: object): object {
  return {
    apiVersion: 'notification.toolkit.fluxcd.io/v1beta3',
    kind: 'Alert',
    metadata: { name, namespace },
    spec: { providerRef: { name }, eventSources: [{ kind: 'Kustomization', name: '*' }], ...spec },
  };
}

export function secret(namespace: string, name: string, stringData: Readonly<Record<string, string>>): object {
  const labels = { 'reconcile.fluxcd.io/watch': 'Enabled' };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels }, stringData };
}

/** Waits until the controller's watches have seen what was applied: it takes an event to that Alert only then. */
export async function untilDelivered(
  system: NotificationSystem,
  namespace: string,
  received: () => boolean,
): Promise<void> {
  await waitFor(
    async () => {
      await system.post(kustomizationEvent(namespace));
      return received();
    },
    { what: 'the first notification', pollMs: 200 },
  );
}
