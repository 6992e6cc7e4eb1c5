import { Gauge, Histogram, type Registry } from 'prom-client';
import type { HttpMeter } from './http-listener.ts';

/** An endpoint whose requests are measured. */
export interface Endpoint {
  /** First part of the metric names: `gotk_event` or `gotk_receiver`. */
  readonly prefix: 'gotk_event' | 'gotk_receiver';
  /** Value of the label `handler`, whatever the path of a request was. */
  readonly handler: string;
  /** Label with the path itself (`--export-http-path-metrics`). */
  readonly exportPath: boolean;
}

/** Paths that get a label of their own; further ones count under the handler. Callers choose them, so they need a bound. */
const mostPaths = 1000;

/** As Flux's dashboards expect them: Prometheus' default steps in seconds, and 100 B to 1 GB in powers of ten. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const sizeBuckets = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

const table = {
  request_duration_seconds: {
    help: 'The latency of the HTTP requests.',
    labels: ['handler', 'method', 'code'],
    buckets: durationBuckets,
  },
  response_size_bytes: {
    help: 'The size of the HTTP responses.',
    labels: ['handler', 'method', 'code'],
    buckets: sizeBuckets,
  },
} as const;

/** `<prefix>_http_request_duration_seconds`, `_response_size_bytes` and `_requests_inflight` of an endpoint. */
export function httpMeter(endpoint: Endpoint, registry: Registry): HttpMeter {
  const histogram = (name: keyof typeof table): Histogram =>
    new Histogram({
      name: `${endpoint.prefix}_http_${name}`,
      help: table[name].help,
      labelNames: [...table[name].labels],
      buckets: [...table[name].buckets],
      registers: [registry],
    });
  const durations = histogram('request_duration_seconds');
  const sizes = histogram('response_size_bytes');
  const inflight = new Gauge({
    name: `${endpoint.prefix}_http_requests_inflight`,
    help: 'The number of inflight requests being handled at the same time.',
    labelNames: ['handler'],
    registers: [registry],
  });
  inflight.set({ handler: endpoint.handler }, 0);
  const handlerOf = handlerLabel(endpoint);
  return {
    begin({ method = '', url = '' }) {
      const handler = handlerOf(url);
      const startedMs = performance.now();
      inflight.inc({ handler });
      return (status, bodyBytes) => {
        const labels = { handler, method, code: String(status) };
        inflight.dec({ handler });
        durations.observe(labels, (performance.now() - startedMs) / 1000);
        sizes.observe(labels, bodyBytes);
      };
    },
  };
}

function handlerLabel({ handler, exportPath }: Endpoint): (url: string) => string {
  if (!exportPath) return () => handler;
  const known = new Set<string>();
  return (url) => {
    const path = url.split('?', 1)[0] ?? '';
    if (known.size < mostPaths) known.add(path);
    return known.has(path) ? path : handler;
  };
}
