import { type HttpSink, type TestCluster, waitFor } from '#test-kit';

/** An event of a controller as a generic Provider gets it. */
export interface Told {
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly namespace: string };
  readonly severity: string;
  readonly reason: string;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly reportingController: string;
}

/** The alerts that have arrived about an object, in order. */
export function alertsAbout(sink: HttpSink, namespace: string, kind: string, name: string): readonly Told[] {
  return sink.requests
    .map(({ body }): Told => JSON.parse(body))
    .filter(({ involvedObject: o }) => o.namespace === namespace && o.kind === kind && o.name === name);
}

/** Waits for the first alert of this severity, with a message that fits, about an object. */
export function alertAbout(
  sink: HttpSink,
  namespace: string,
  kind: string,
  name: string,
  severity: 'info' | 'error',
  message: RegExp = /^/,
): Promise<Told> {
  return waitFor(
    () => {
      const all = alertsAbout(sink, namespace, kind, name);
      const found = all.find((told) => told.severity === severity && message.test(told.message));
      if (found === undefined) throw new Error(JSON.stringify(all));
      return found;
    },
    { what: `an alert (${severity}, ${message}) about ${kind} ${name}` },
  );
}

export interface KubernetesEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** Waits for the first Kubernetes Event of type Warning about an object. */
export function warningAbout(
  cluster: TestCluster,
  namespace: string,
  kind: string,
  name: string,
): Promise<KubernetesEvent> {
  const selector = `involvedObject.kind=${kind},involvedObject.name=${name},type=Warning`;
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(selector)}`;
  return waitFor(
    async () => {
      // A list of Events as the API server gives it.
      const list = (await cluster.get(path)) as { items: readonly KubernetesEvent[] } | undefined;
      return list?.items[0];
    },
    { what: `a warning about ${kind} ${name}` },
  );
}
