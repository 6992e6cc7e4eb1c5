import type { ArtifactStore } from '#artifact';
import type { hostKeyAlgorithms, kexAlgorithms } from '#git';
import type { KubeClient } from '#kube';
import type { Dispatcher } from 'undici';
import type { GitHubTokens } from './github-app.ts';
import type { VerifiedRevisions } from './verified-revisions.ts';

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
  /** Time after which an include that is not there yet is looked for again, in milliseconds. */
  readonly requeueDependencyMs: number;
  /** What was verified since this process began. */
  readonly verified: VerifiedRevisions;
  readonly githubTokens: GitHubTokens;
  /** For packs too large for memory. */
  readonly temporaryDir: string;
}
