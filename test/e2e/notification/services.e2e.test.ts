import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitFor } from '#test-kit';
import { type CallFromOutside, openInternet, type Reply } from './internet.ts';
import { commit, hosts, type Service, services } from './services.ts';
import { alert, kustomizationEvent, kustomizeGroup, provider, secret, startSystem } from './system.ts';

interface Handled {
  readonly call: CallFromOutside;
  readonly reply: Reply;
}

const handled: Handled[] = [];
const byType = new Map(services.map((service) => [service.type, service]));

/** One of those at the host that does not answer 404; what a check throws is a bad request. */
function answer(call: CallFromOutside): Reply {
  let reply: Reply = { status: 404 };
  for (const type of hosts[call.url.hostname] ?? []) {
    const service = byType.get(type);
    if (service === undefined || reply.status !== 404) continue;
    try {
      reply = service.answer(call);
    } catch (error) {
      reply = { status: 400, body: `${type}: ${error instanceof Error ? error.message : String(error)}` };
    }
  }
  handled.push({ call, reply });
  return reply;
}

const internet = await openInternet(Object.keys(hosts), answer);
const system = await startSystem([], internet.env);
const { cluster } = system;
after(async () => {
  await system[Symbol.asyncDispose]();
  await internet[Symbol.asyncDispose]();
});

const nameOf = (type: string): string => type.replace('.', '-');
let namespace = '';
const event = (severity: string, message: string): object =>
  kustomizationEvent(namespace, {
    severity,
    message,
    reason: severity === 'error' ? 'HealthCheckFailed' : 'ReconciliationSucceeded',
    metadata: {
      [`${kustomizeGroup}/revision`]: `main@sha1:${commit}`,
      'event.toolkit.fluxcd.io/commit': commit,
      'event.toolkit.fluxcd.io/change_request': '7',
    },
  });

function deliveries(service: Service): readonly Handled[] {
  return handled.filter(
    ({ call, reply }) =>
      hosts[call.url.hostname]?.includes(service.type) === true && service.isDelivery(call) && reply.status < 300,
  );
}

before(async () => {
  namespace = await cluster.namespace('services');
  for (const { type, spec, secret: data, wrong } of services) {
    const name = nameOf(type);
    const reference = data === undefined ? {} : { secretRef: { name } };
    await cluster.apply(
      ...(data === undefined ? [] : [secret(namespace, name, data)]),
      provider(namespace, name, { type, ...spec, ...reference }),
      alert(namespace, name, {}),
      ...(wrong === undefined
        ? []
        : [
            secret(namespace, `${name}-refused`, wrong),
            provider(namespace, `${name}-refused`, { type, ...spec, secretRef: { name: `${name}-refused` } }),
            alert(namespace, `${name}-refused`, {}),
          ]),
    );
  }
  let round = 0;
  await waitFor(
    async () => {
      await system.post(event('info', `warming up: <b> & (${round++}) #1.`));
      return services.every((service) => deliveries(service).length > 0);
    },
    {
      what: 'a delivery of every type',
      timeoutMs: 60_000,
      pollMs: 2000,
    },
  ).catch((error: unknown) => {
    const missing = services.filter((service) => deliveries(service).length === 0).map(({ type }) => type);
    console.error(String(error), missing);
  });
  await system.post(event('error', 'Marked [x] <b> & (y) #1.'));
});

for (const service of services) {
  test(`${service.type}: the service takes a success and a failure`, async () => {
    const refused = (): readonly Handled[] =>
      handled.filter(({ call, reply }) => hosts[call.url.hostname]?.includes(service.type) && reply.status === 400);
    const found = await waitFor(() => deliveries(service).length > 1 && deliveries(service), {
      what: `two deliveries (refused: ${refused().map(({ reply }) => reply.body)})`,
    });
    assert.ok(found.length > 1);
    const faults = refused().filter(({ reply }) => !/invalid_grant/.test(reply.body ?? ''));
    assert.deepEqual(
      faults.map(({ reply }) => reply.body),
      [],
    );
  });
  if (service.wrong !== undefined) {
    test(`${service.type}: credentials that the service does not know are told, and not shown`, async () => {
      const { message } = await system.warned(namespace, `${nameOf(service.type)}-refused`, /status code 40[01]/);
      for (const value of Object.values(service.wrong ?? {})) assert.ok(!message.includes(value), message);
    });
  }
}

function around(text: string, part: string): string {
  const at = text.indexOf(part);
  return text.slice(Math.max(0, at - 200), at + part.length + 100);
}

test('no secret is in a log or an event', async () => {
  const { stdout } = await cluster.kubectl(['get', 'events', '-n', namespace, '-o', 'json']);
  const told = stdout + JSON.stringify(await system.controller.logs());
  for (const { type, secret: data = {}, wrong = {} } of services)
    for (const [key, value] of [...Object.entries(data), ...Object.entries(wrong)])
      if (key !== 'username' && key !== 'headers')
        assert.ok(!told.includes(value), `${key} of ${type} is shown: ${around(told, value)}`);
});
