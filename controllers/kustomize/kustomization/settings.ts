/** What flags and feature gates decide about every run. */
export interface Settings {
  /** When an unmet dependency or a source without artifact is looked at again at the latest. */
  readonly requeueDependencyMs: number;
  readonly noCrossNamespaceRefs: boolean;
  /** Gate ExternalArtifact. */
  readonly externalArtifact: boolean;
  /** Gate ObjectLevelWorkloadIdentity. */
  readonly objectLevelWorkloadIdentity: boolean;
  /** End a wait at the first failed object (gate DisableFailFastBehavior turns it off). */
  readonly failFast: boolean;
  /** Gate AdditiveCELDependencyCheck: the built-in check of a dependency comes on top of its `readyExpr`. */
  readonly additiveReadyExpr: boolean;
  /** Gate CancelHealthCheckOnNewRevision: waits always end so here; with it, an event says so. */
  readonly tellsCanceledWaits: boolean;
  /** Gate GroupChangeLog. */
  readonly groupChangeLog: boolean;
  /** `--default-service-account`; empty: none. */
  readonly defaultServiceAccount: string;
}
