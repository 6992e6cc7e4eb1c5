import type { ArtifactStore } from '#artifact';
import type { KubeClient } from '#kube';
import type { Dispatcher } from 'undici';

/** What reconciling a source takes from outside. */
export interface SourceDeps {
  readonly store: ArtifactStore;
  /** Reads Secrets, ServiceAccounts and other sources. */
  readonly client: Pick<KubeClient, 'get' | 'find'>;
  /** Connections shared by all who bring neither certificates nor a proxy of their own. */
  readonly dispatcher: Dispatcher;
  /** For what is downloaded and unpacked on the way into the store. */
  readonly temporaryDir: string;
}
