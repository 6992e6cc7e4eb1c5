import { installLabels } from './labels.ts';
import { type ClusterRole, clusterReconcilers, clusterRoles, controllers, leaderElectionRules } from './rbac-rules.ts';
import { printedYaml } from './yaml.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const namespace = 'flux-system';

/** Contents of config/rbac by file name. */
export function rbacFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>([
    ['service-accounts.yaml', printedYaml(...controllers.map(serviceAccount))],
    ['leader-election.yaml', leaderElection()],
    [
      'cluster-reconciler.yaml',
      printedYaml(clusterRoleBinding('cluster-reconciler', 'cluster-admin', clusterReconcilers)),
    ],
    ...clusterRoles.map((role): [string, string] => [`${role.name}.yaml`, clusterRoleYaml(role)]),
  ]);
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [...files.keys()].toSorted(),
  };
  return files.set('kustomization.yaml', printedYaml(kustomization));
}

function clusterRoleYaml(role: ClusterRole): string {
  const { name, labels, rules, serviceAccount: account } = role;
  const clusterRole = {
    apiVersion,
    kind: 'ClusterRole',
    metadata: { name, labels: { ...installLabels(account), ...labels } },
    rules,
  };
  return account === undefined
    ? printedYaml(clusterRole)
    : printedYaml(clusterRole, clusterRoleBinding(name, name, [account]));
}

function clusterRoleBinding(name: string, role: string, accounts: readonly string[]): object {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: installLabels(accounts[0]) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: accounts.map(subject),
  };
}

function leaderElection(): string {
  const metadata = { name: 'leader-election', namespace, labels: installLabels() };
  return printedYaml(
    { apiVersion, kind: 'Role', metadata, rules: leaderElectionRules },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
      subjects: controllers.map(subject),
    },
  );
}

function serviceAccount(name: string): object {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels: installLabels(name) } };
}

function subject(name: string): object {
  return { kind: 'ServiceAccount', name, namespace };
}
