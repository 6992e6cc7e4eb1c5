import {
  type Alert,
  alert as alertKind,
  asAlert,
  asReceiver,
  type KubeObject,
  type Receiver,
  receiver as receiverKind,
  watchLabel,
} from '#crds';
import { type WatchCache, watchResource } from '#kube';
import { commonFlags, processPort, runProgram } from '#runtime';
import { DeliveryQueue } from './alert/delivery-queue.ts';
import { Dispatcher } from './alert/dispatcher.ts';
import { secretResource } from './core-kinds.ts';
import { RateLimit } from './event/rate-limit.ts';
import { eventListener } from './event/server.ts';
import { notificationFlags, notificationGates } from './flags.ts';
import { listen } from './http-listener.ts';
import { ReceiverIndex, receiverController } from './receiver/controller.ts';
import { receiverListener } from './receiver/server.ts';
import { alertController, providerController } from './static-kinds.ts';

const flags = { ...commonFlags, ...notificationFlags } as const;

/** Time that deliveries under way get at shutdown. */
const drainMs = 5000;

const port = processPort(process);
const code = await runProgram(
  {
    name: 'notification-controller',
    flags,
    featureGates: notificationGates,
    // Its own events go to Kubernetes only: posting them to itself would loop.
    build(program, gates) {
      const { client, mapper, log, options } = program;
      const allowCrossNamespace = !options['no-cross-namespace-refs'];
      const namespace = options['watch-all-namespaces'] ? undefined : program.namespace;
      const watchFailed = (error: unknown): void => log.error({ error }, 'watch failed, trying again');
      const synced = async <T extends KubeObject>(cache: WatchCache<T>): Promise<AsyncDisposable> => {
        await cache.whenSynced(program.signal);
        return cache;
      };
      const index = new ReceiverIndex();
      const receivers = program.control(receiverController(client));
      program.control(alertController(client));
      program.control(providerController());
      if (!gates.DisableConfigWatchers) {
        program.watch(secretResource, {
          labelSelector: options['watch-configs-label-selector'] || `${watchLabel}=Enabled`,
          metadataOnly: true,
          onEvent: ({ object }) => {
            for (const receiver of receivers.cache.list()) {
              const { namespace, name } = receiver.metadata;
              if (namespace === object.metadata.namespace && receiver.spec.secretRef?.name === object.metadata.name)
                receivers.enqueue(`${namespace}/${name}`);
            }
          },
        });
      }
      const queue = new DeliveryQueue();
      const alerts = watchResource<Alert>(client, alertKind, { namespace, parse: asAlert, onError: watchFailed });
      const webhooks = watchResource<Receiver>(client, receiverKind, {
        namespace,
        parse: asReceiver,
        onEvent: (event) => index.change(event),
        onError: watchFailed,
      });
      const dispatcher = new Dispatcher({
        client,
        mapper,
        alerts,
        log,
        queue,
        recordEvent: (alert, draft) => program.event(alert, draft),
        allowCrossNamespace,
      });
      const rateLimit = new RateLimit(options['rate-limit-interval']);
      const onEvent = eventListener({ rateLimit, now: Date.now, dispatch: (event) => dispatcher.dispatch(event) });
      const onWebhook = receiverListener({
        client,
        mapper,
        log,
        allowCrossNamespace,
        byPath: (path) => index.get(path),
      });
      // Every replica serves both endpoints, whoever leads; so their caches are not the controllers'.
      program.onBoot(() => synced(alerts));
      program.onBoot(() => synced(webhooks));
      program.onBoot(() => Promise.resolve({ [Symbol.asyncDispose]: () => queue.drain(drainMs) }));
      program.onBoot(() => listen(options['events-addr'], onEvent));
      program.onBoot(() => listen(options.receiverAddr, onWebhook));
    },
  },
  port,
);
port.exit(code);
