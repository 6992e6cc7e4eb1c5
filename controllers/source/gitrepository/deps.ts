import type { ArtifactStore } from '#artifact';
import type { hostKeyAlgorithms, kexAlgorithms } from '#git';
import type { KubeClient } from '#kube';
import type { Dispatcher } from 'undici';

/** What reconciling a GitRepository takes from outside. */
export interface Deps {
  readonly store: ArtifactStore;
  /** Reads Secrets. */
  readonly client: Pick<KubeClient, 'get'>;
  /** Connections to Git servers, shared by repositories without TLS options or a proxy of their own. */
  readonly dispatcher: Dispatcher;
  /** Where proxies are named. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Algorithms that SSH asks for, in order; the defaults where empty. */
  readonly ssh: {
    readonly kexAlgorithms: readonly (typeof kexAlgorithms)[number][];
    readonly hostKeyAlgorithms: readonly (typeof hostKeyAlgorithms)[number][];
  };
  /** For packs too large for memory. */
  readonly temporaryDir: string;
}
