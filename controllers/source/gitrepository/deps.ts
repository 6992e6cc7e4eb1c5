import type { ArtifactStore } from '#artifact';
import type { KubeClient } from '#kube';
import type { Dispatcher } from 'undici';

/** What reconciling a GitRepository takes from outside. */
export interface Deps {
  readonly store: ArtifactStore;
  /** Reads Secrets. */
  readonly client: Pick<KubeClient, 'get'>;
  /** Connections to Git servers, shared by repositories without TLS options of their own. */
  readonly dispatcher: Dispatcher;
  /** For packs too large for memory. */
  readonly temporaryDir: string;
}
