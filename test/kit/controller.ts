import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, keepProcesses, type ProcessEnd, type RunningProcess, untilReady } from '#cluster';
import { waitFor } from './wait-for.ts';

export type ControllerName = 'source' | 'kustomize' | 'notification';

export interface ControllerOptions {
  readonly kubeconfig: string;
  /** Where events go (`--events-addr`): the notification controller's `urls.events`. None unless given. */
  readonly eventsUrl?: string;
  /** More flags; one that is given twice counts as last given. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Runs the bundles of this folder (`make dist`) instead of the sources. */
  readonly dist?: string;
  /** Flags of node itself. */
  readonly nodeArgs?: readonly string[];
  /** Folder for artifacts, log and temporary files; a temporary one that is removed unless given. */
  readonly dir?: string;
  readonly readyMs?: number;
  readonly signal?: AbortSignal;
}

export type LogLine = Readonly<Record<string, unknown>>;

export interface ControllerUrls {
  readonly metrics: string;
  readonly health: string;
  /** The artifact server; source only. */
  readonly storage: string;
  /** The event endpoint; notification only. */
  readonly events: string;
  /** The webhook endpoint; notification only. */
  readonly receiver: string;
}

/** A controller that runs as a process of its own. It ends with this process, whatever ends that. */
export interface RunningController extends AsyncDisposable {
  readonly name: ControllerName;
  readonly pid: number;
  readonly urls: ControllerUrls;
  readonly dir: string;
  readonly logPath: string;
  /** Everything it has logged; a line that is not JSON has only `msg`. */
  logs(): Promise<readonly LogLine[]>;
  /** Waits for a log line. */
  logged(where: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  rssBytes(): Promise<number>;
  /** User and system time that it has used so far, in seconds. */
  cpuSeconds(): Promise<number>;
  kill(signal: NodeJS.Signals): void;
  waitForEnd(): Promise<ProcessEnd>;
  /** Starts it again with the same ports, folder and flags; ends it by SIGKILL first if it runs. */
  restart(): Promise<void>;
  /** SIGTERM, and SIGKILL after 15 s. */
  stop(): Promise<void>;
}

/**
 * Starts `controllers/<name>/main.ts` with Flux's flags on free ports of loopback and waits for `/readyz`.
 * @throws with the last log lines when it ends or does not become ready
 */
export async function startController(name: ControllerName, options: ControllerOptions): Promise<RunningController> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), `sluice-${name}-`)));
  await mkdir(join(dir, 'data'), { recursive: true });
  await mkdir(join(dir, 'tmp'), { recursive: true });
  const keeper = keepProcesses({ dir, removeDir: options.dir === undefined });
  const [metrics = 0, health = 0, first = 0, second = 0] = await freePorts(4);
  const at = (port: number): string => `127.0.0.1:${port}`;
  const urls: ControllerUrls = {
    metrics: `http://${at(metrics)}/metrics`,
    health: `http://${at(health)}`,
    storage: name === 'source' ? `http://${at(first)}` : '',
    events: name === 'notification' ? `http://${at(first)}/` : '',
    receiver: name === 'notification' ? `http://${at(second)}` : '',
  };
  const flags = [
    `--metrics-addr=${at(metrics)}`,
    `--health-addr=${at(health)}`,
    ...ownFlags(name, { dir, first: at(first), second: at(second), eventsUrl: options.eventsUrl }),
    ...(options.args ?? []),
  ];
  const spec = {
    name: `${name}-controller`,
    command: process.execPath,
    args: [...(options.nodeArgs ?? []), programPath(name, options.dist), ...flags],
    env: {
      ...process.env,
      KUBECONFIG: options.kubeconfig,
      RUNTIME_NAMESPACE: 'flux-system',
      TMPDIR: join(dir, 'tmp'),
      ...options.env,
    },
    graceMs: 15_000,
  };
  const launch = async (): Promise<RunningProcess> => {
    const child = keeper.start(spec);
    const ready = async (): Promise<true | undefined> =>
      (await get(`${urls.health}/readyz`).catch(() => undefined))?.status === 200 ? true : undefined;
    await untilReady(child, ready, { timeoutMs: options.readyMs ?? 30_000, signal: options.signal });
    return child;
  };
  try {
    return controllerOf(name, dir, urls, await launch(), launch, () => keeper.stop());
  } catch (error) {
    await keeper.stop();
    throw error;
  }
}

function controllerOf(
  name: ControllerName,
  dir: string,
  urls: ControllerUrls,
  first: RunningProcess,
  launch: () => Promise<RunningProcess>,
  stop: () => Promise<void>,
): RunningController {
  let child = first;
  const logs = async (): Promise<readonly LogLine[]> =>
    (await readFile(child.logPath, 'utf8')).split('\n').filter(Boolean).map(parseLine);
  return {
    name,
    get pid() {
      return child.pid;
    },
    urls,
    dir,
    logPath: child.logPath,
    logs,
    logged: (where, timeoutMs = 20_000) =>
      waitFor(async () => (await logs()).find(where), { timeoutMs, what: `a log line of ${name}-controller` }),
    metrics: async () => (await get(urls.metrics)).body,
    rssBytes: () => child.rssBytes(),
    cpuSeconds: () => cpuSeconds(child.pid),
    kill: (signal) => child.kill(signal),
    waitForEnd: () => child.waitForEnd(),
    async restart() {
      child.kill('SIGKILL');
      await child.waitForEnd();
      child = await launch();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function ownFlags(
  name: ControllerName,
  use: {
    readonly dir: string;
    readonly first: string;
    readonly second: string;
    readonly eventsUrl: string | undefined;
  },
): readonly string[] {
  const events = use.eventsUrl === undefined ? [] : [`--events-addr=${use.eventsUrl}`];
  switch (name) {
    case 'source':
      return [
        `--storage-path=${join(use.dir, 'data')}`,
        `--storage-addr=${use.first}`,
        `--storage-adv-addr=${use.first}`,
        ...events,
      ];
    case 'kustomize':
      return events;
    case 'notification':
      // Here it is the address to listen on, and the other one is spelled differently.
      return [`--events-addr=${use.first}`, `--receiverAddr=${use.second}`];
  }
}

function programPath(name: ControllerName, dist: string | undefined): string {
  if (dist !== undefined) return join(dist, `${name}-controller.mjs`);
  return fileURLToPath(new URL(`../../controllers/${name}/main.ts`, import.meta.url));
}

function parseLine(line: string): LogLine {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // What node itself prints is no JSON.
  }
  return { msg: line };
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the name in parentheses, which may have spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

function get(url: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, timeout: 10_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`"${url}" did not answer in 10 s`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}
