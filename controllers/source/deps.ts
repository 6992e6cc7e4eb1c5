import type { ArtifactStore } from '#artifact';
import type { KubeClient } from '#kube';
import type { Dispatcher } from 'undici';

/** Upper bounds, in bytes. */
export interface HelmLimits {
  readonly indexBytes: number;
  readonly chartBytes: number;
  /** Of one file in a chart. */
  readonly fileBytes: number;
}

/** What reconciling a source takes from outside. */
export interface SourceDeps {
  readonly store: ArtifactStore;
  /** Reads Secrets, ServiceAccounts and other sources. */
  readonly client: Pick<KubeClient, 'get' | 'find' | 'list'>;
  /** Connections shared by all who bring neither certificates nor a proxy of their own. */
  readonly dispatcher: Dispatcher;
  /** For what is downloaded and unpacked on the way into the store. */
  readonly temporaryDir: string;
  /** Where proxies are named. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly helm: HelmLimits;
}
