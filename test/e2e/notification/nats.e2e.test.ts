import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect as connectNats, nkeys } from '@nats-io/transport-node';
import { makeServerCertificate, waitFor } from '#test-kit';
import { toolPath } from '#tools';
import { alert, kustomizationEvent, provider, secret, startSystem } from './system.ts';

const system = await startSystem();
const { cluster } = system;
const user = nkeys.createUser();
const seed = new TextDecoder().decode(user.getSeed());
const { ca, cert, key } = makeServerCertificate();
const folder = await mkdtemp(join(tmpdir(), 'sluice-nats-'));
const port = await freePort();
await writeFile(join(folder, 'cert.pem'), cert);
await writeFile(join(folder, 'key.pem'), key);
await writeFile(
  join(folder, 'nats.conf'),
  `listen: "127.0.0.1:${port}"
tls { cert_file: "${join(folder, 'cert.pem')}", key_file: "${join(folder, 'key.pem')}" }
authorization { users: [
  { user: "flux", password: "nats-password", permissions: { publish: ["events.>"], subscribe: ["events.>", "_INBOX.>"] } }
  { nkey: "${user.getPublicKey()}" }
] }
`,
);
const server = spawn(await toolPath('nats-server'), ['-c', join(folder, 'nats.conf')], { stdio: 'ignore' });
process.once('exit', () => server.kill('SIGKILL'));
after(async () => {
  await system[Symbol.asyncDispose]();
  server.kill();
  await rm(folder, { recursive: true, force: true });
});
await waitFor(() => canConnect(), { what: 'the NATS server' });

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port: free } = probe.address() as AddressInfo; // it listens on TCP
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return free;
}

function canConnect(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

test('nats: events come to their subject by password and by nkey, and what the server refuses is told', async () => {
  const subscriber = await connectNats({
    servers: `127.0.0.1:${port}`,
    user: 'flux',
    pass: 'nats-password',
    tls: { ca },
  });
  const received: { readonly subject: string; readonly text: string }[] = [];
  const subscription = subscriber.subscribe('events.>', {
    callback: (_, message) => {
      received.push({ subject: message.subject, text: message.string() });
    },
  });
  await subscriber.flush();
  const namespace = await cluster.namespace('nats');
  const address = `tls://127.0.0.1:${port}`;
  const add = (name: string, channel: string, data: Readonly<Record<string, string>>): Promise<unknown> =>
    cluster.apply(
      secret(namespace, name, data),
      provider(namespace, name, {
        type: 'nats',
        address,
        channel,
        secretRef: { name },
        certSecretRef: { name: 'ca' },
        timeout: '5s',
      }),
      alert(namespace, name, {}),
    );
  await cluster.apply(secret(namespace, 'ca', { 'ca.crt': ca }));
  await add('password', 'events.password', { username: 'flux', password: 'nats-password' });
  await add('nkey', 'events.nkey', { nkey: seed, username: 'flux', password: 'unused-password' });
  await add('wrong', 'events.wrong', { username: 'flux', password: 'other-password' });
  await add('forbidden', 'elsewhere', { username: 'flux', password: 'nats-password' });
  await waitFor(
    async () => {
      await system.post(kustomizationEvent(namespace, { message: `Marked ${Math.random()}` }));
      return ['events.password', 'events.nkey'].every((subject) => received.some((one) => one.subject === subject));
    },
    { what: 'a message on both subjects', pollMs: 500 },
  );
  const event: unknown = JSON.parse(received[0]?.text ?? '');
  assert.match(JSON.stringify(event), /"message":"Marked /);
  await system.warned(namespace, 'wrong', /failed to connect to the nats server: Authorization Violation/i);
  await system.warned(namespace, 'forbidden', /failed to publish to the nats subject: Permissions Violation/i);
  assert.ok(received.every(({ subject }) => subject !== 'events.wrong'));
  const { stdout } = await cluster.kubectl(['get', 'events', '-n', namespace, '-o', 'json']);
  for (const text of [seed, 'nats-password', 'other-password'])
    assert.ok(!(stdout + JSON.stringify(await system.controller.logs())).includes(text));
  subscription.unsubscribe();
  await subscriber.close();
});
