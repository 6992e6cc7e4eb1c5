import {
  type Alert,
  alert as alertKind,
  asAlert,
  asProvider,
  asReceiver,
  type KubeObject,
  type Provider,
  provider as providerKind,
  type Receiver,
  receiver as receiverKind,
  watchLabel,
} from '#crds';
import { keyString, objectKey, type WatchCache, watchResource } from '#kube';
import { commonFlags, type Controller, processPort, runProgram } from '#runtime';
import { alertController } from './alert/controller.ts';
import { DeliveryQueue } from './alert/delivery-queue.ts';
import { Dispatcher } from './alert/dispatcher.ts';
import { Troubles } from './alert/troubles.ts';
import { RateLimit } from './event/rate-limit.ts';
import { eventHandler } from './event/server.ts';
import { notificationFlags, notificationGates } from './flags.ts';
import { listen } from './http-listener.ts';
import { httpMeter } from './http-metrics.ts';
import { providerController } from './provider/controller.ts';
import { Connections } from './provider/connections.ts';
import { getJson } from './provider/get-json.ts';
import { httpClient } from './provider/http.ts';
import { TokenCache } from './provider/token-cache.ts';
import { receiverController } from './receiver/controller.ts';
import { OidcVerifier } from './receiver/oidc-verifier.ts';
import { ReceiverIndex } from './receiver/receiver-index.ts';
import { webhookHandler } from './receiver/server.ts';
import { secretResource } from './secret.ts';

const flags = { ...commonFlags, ...notificationFlags } as const;

/** Time that deliveries under way get at shutdown, in milliseconds. */
const drainMs = 5000;
/** Bound of one question to an issuer of tokens, in milliseconds. */
const oidcMs = 10_000;

const port = processPort(process);
const code = await runProgram(
  {
    name: 'notification-controller',
    flags,
    featureGates: notificationGates,
    // Its own events go to Kubernetes only: posting them to itself would loop.
    build(program, gates) {
      const { client, mapper, log, options, registry } = program;
      const allowCrossNamespace = !options['no-cross-namespace-refs'];
      const exportPath = options['export-http-path-metrics'];

      const receivers = program.control(receiverController(client));
      program.control(alertController(client));
      program.control(providerController());
      if (!gates.DisableConfigWatchers) {
        program.watch(secretResource, {
          labelSelector: options['watch-configs-label-selector'] || `${watchLabel}=Enabled`,
          metadataOnly: true,
          onEvent: ({ object }) => wakeReceivers(receivers, object),
        });
      }

      // Every replica serves both endpoints, whoever leads; so these caches are not the controllers'.
      const boot = <T extends KubeObject>(cache: WatchCache<T>): WatchCache<T> => {
        program.onBoot(async () => {
          await cache.whenSynced(program.signal);
          return cache;
        });
        return cache;
      };
      const watched = {
        namespace: options['watch-all-namespaces'] ? undefined : program.namespace,
        onError: (error: unknown): void => log.error({ error }, 'watch failed, trying again'),
      };
      const index = new ReceiverIndex();
      const alerts = boot(watchResource<Alert>(client, alertKind, { ...watched, parse: asAlert }));
      const providers = boot(watchResource<Provider>(client, providerKind, { ...watched, parse: asProvider }));
      boot(
        watchResource<Receiver>(client, receiverKind, {
          ...watched,
          parse: asReceiver,
          onEvent: (event) => index.change(event),
        }),
      );

      const connections = new Connections(program.env);
      const sender = httpClient({}, connections, (text) => text);
      const oidc = new OidcVerifier(
        (url) => getJson(sender, url, {}, AbortSignal.timeout(oidcMs), `read ${url}`),
        Date.now,
      );
      const queue = new DeliveryQueue();
      const troubles = new Troubles({ log, recordEvent: (alert, draft) => program.event(alert, draft), after });
      program.onBoot(() =>
        Promise.resolve({
          async [Symbol.asyncDispose]() {
            await queue.drain(drainMs);
            troubles[Symbol.dispose]();
            await connections[Symbol.asyncDispose]();
          },
        }),
      );

      const dispatcher = new Dispatcher({
        client,
        mapper,
        alerts,
        providers,
        carrier: { client, connections, tokens: new TokenCache(Date.now), environment: program.env },
        log,
        queue,
        troubles,
        allowCrossNamespace,
      });
      const rateLimit = new RateLimit(options['rate-limit-interval']);
      const onError = (error: unknown): void => log.error({ error }, 'cannot handle a request');
      program.onBoot(() =>
        listen({
          address: options['events-addr'],
          handle: eventHandler({ rateLimit, now: Date.now, dispatch: (event) => dispatcher.dispatch(event) }),
          meter: httpMeter({ prefix: 'gotk_event', handler: '/', exportPath }, registry),
          onError,
        }),
      );
      program.onBoot(() =>
        listen({
          address: options.receiverAddr,
          handle: webhookHandler({ client, mapper, log, allowCrossNamespace, byPath: (path) => index.get(path), oidc }),
          meter: httpMeter({ prefix: 'gotk_receiver', handler: '/hook/', exportPath }, registry),
          onError,
        }),
      );
    },
  },
  port,
);
port.exit(code);

/** Those whose token the Secret holds. */
function wakeReceivers(receivers: Controller<Receiver>, secret: KubeObject): void {
  for (const { metadata, spec } of receivers.cache.list()) {
    if (metadata.namespace === secret.metadata.namespace && spec.secretRef?.name === secret.metadata.name)
      receivers.enqueue(keyString(objectKey({ metadata })));
  }
}

function after(ms: number, call: () => void): Disposable {
  const timer = setTimeout(call, ms).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
