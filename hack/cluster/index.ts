export type { ApiResponse, ClusterAccess, CommandResult, KubectlOptions } from './access.ts';
export { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
export { freePort, freePorts } from './free-ports.ts';
export {
  keepProcesses,
  type ProcessEnd,
  type ProcessKeeper,
  type ProcessSpec,
  type RunningProcess,
  untilReady,
} from './processes.ts';
export { useExistingCluster } from './existing.ts';
