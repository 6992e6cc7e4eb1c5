import { join } from 'node:path';
import type { Credentials } from './credentials.ts';
import type { ProcessSpec } from './processes.ts';

/** What the command lines below are made of. */
export interface ComponentContext {
  readonly dir: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly binaries: {
    readonly apiServer: string;
    readonly etcd: string;
    readonly controllerManager: string;
    readonly scheduler: string;
    readonly kwok: string;
  };
  readonly credentials: Credentials;
  readonly kubeconfigPath: string;
  readonly caPath: string;
  readonly ports: {
    readonly etcd: number;
    readonly etcdPeer: number;
    readonly api: number;
    readonly kwok: number;
  };
  /** Whether the data must outlive this cluster. */
  readonly keepsData: boolean;
  /** Whether a controller-manager makes the `default` ServiceAccount of each namespace. */
  readonly createsServiceAccounts: boolean;
}

export function etcd({ dir, environment, binaries, ports, keepsData }: ComponentContext): ProcessSpec {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return {
    name: 'etcd',
    command: binaries.etcd,
    env: environment,
    // Without fsync etcd writes its log out now and then, and when it ends in order.
    ...(keepsData && { graceMs: 5_000 }),
    args: [
      '--name=sluice',
      `--data-dir=${join(dir, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=sluice=${peer}`,
      '--unsafe-no-fsync',
      // A data folder that is used again comes with other ports than its member was born with.
      '--force-new-cluster',
      '--log-level=error',
    ],
  };
}

export function apiServer(context: ComponentContext): ProcessSpec {
  const { dir, environment, binaries, credentials, ports } = context;
  return {
    name: 'kube-apiserver',
    command: binaries.apiServer,
    env: environment,
    args: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      `--secure-port=${ports.api}`,
      '--bind-address=127.0.0.1',
      // Nobody reaches the API through the `kubernetes` Service here, and a machine may have no other address.
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      `--cert-dir=${join(dir, 'certificates')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${credentials.serviceAccountKeyPath}`,
      `--service-account-signing-key-file=${credentials.serviceAccountKeyPath}`,
      `--token-auth-file=${credentials.tokenFilePath}`,
      '--authorization-mode=RBAC',
      // A /24 is full at 254 Services.
      '--service-cluster-ip-range=10.96.0.0/12',
      ...(context.createsServiceAccounts ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ],
  };
}

export function controllerManager(context: ComponentContext): ProcessSpec {
  const { environment, binaries, credentials, kubeconfigPath, caPath } = context;
  const left = ['node-ipam-controller', 'node-route-controller', 'cloud-node-lifecycle-controller'];
  return {
    name: 'kube-controller-manager',
    command: binaries.controllerManager,
    env: environment,
    args: [
      `--kubeconfig=${kubeconfigPath}`,
      '--leader-elect=false',
      '--secure-port=0',
      `--service-account-private-key-file=${credentials.serviceAccountKeyPath}`,
      `--root-ca-file=${caPath}`,
      `--controllers=*,${left.map((name) => `-${name}`).join(',')}`,
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ],
  };
}

export function scheduler({ environment, binaries, kubeconfigPath }: ComponentContext): ProcessSpec {
  return {
    name: 'kube-scheduler',
    command: binaries.scheduler,
    env: environment,
    args: [`--kubeconfig=${kubeconfigPath}`, '--leader-elect=false', '--secure-port=0'],
  };
}

export function kwok({ dir, environment, binaries, kubeconfigPath, ports }: ComponentContext): ProcessSpec {
  return {
    name: 'kwok',
    command: binaries.kwok,
    // kwok reads and writes ~/.kwok otherwise.
    env: { ...environment, KWOK_WORKDIR: join(dir, 'kwok') },
    args: [
      `--kubeconfig=${kubeconfigPath}`,
      `--config=${join(dir, 'kwok.yaml')}`,
      '--manage-all-nodes=true',
      '--node-lease-duration-seconds=40',
      `--server-address=127.0.0.1:${ports.kwok}`,
      // An address of the documentation range: nobody can reach it by accident.
      '--node-ip=192.0.2.1',
    ],
  };
}
