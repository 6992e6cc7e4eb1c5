import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessSpec {
  /** Names the log file and appears in errors. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Given this long to end after SIGTERM, in ms; ended by SIGKILL at once unless given. */
  readonly graceMs?: number;
}

/** A child process in a process group of its own, whose output goes to a file. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logPath: string;
  /** How it ended; undefined while it runs. */
  end(): ProcessEnd | undefined;
  /** Settles when the process has ended, never rejects; keeps this process alive meanwhile. */
  waitForEnd(): Promise<ProcessEnd>;
  kill(signal: NodeJS.Signals): void;
  /** Ends it as its spec wants it, and waits for that. */
  stop(): Promise<void>;
  /** The end of what it printed, and its first lines: a program that prints its usage says first what is wrong. */
  lastLines(): string;
  /** Resident memory in bytes; 0 once it has ended. */
  rssBytes(): Promise<number>;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Child processes that end with this process, however it ends: a guard (a few lines of shell) reads a pipe that only
 * this process holds open, and kills the groups it was told of once the pipe closes. SIGKILL closes it too, which no
 * exit handler would see; and a Ctrl-C in the terminal does not reach the children before the owner's own clean-up.
 */
export interface ProcessKeeper extends AsyncDisposable {
  start(spec: ProcessSpec): RunningProcess;
  /** Ends all children and the guard. */
  stop(): Promise<void>;
}

// TERM first so that a program may say goodbye, KILL for whatever is left. `$1` is a folder to remove, or empty.
// `kill -s`: dash takes no `--` after `kill -TERM`.
const guardScript = `
trap '' INT TERM HUP
groups=' '
while read -r verb group; do
  case $verb in
    add) groups="$groups$group " ;;
    drop) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
[ -z "\${groups# }" ] || sleep 1
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
[ -z "$1" ] || rm -rf -- "$1"
`;

export interface KeeperOptions {
  /** Where the log files go; must exist. */
  readonly dir: string;
  /** Remove `dir` at the end, on every path. Only for a folder that the caller has just made for this. */
  readonly removeDir?: boolean;
}

export function keepProcesses(options: KeeperOptions): ProcessKeeper {
  const guard = spawn('/bin/sh', ['-c', guardScript, 'sluice-guard', options.removeDir === true ? options.dir : ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  const pipe = guard.stdin;
  pipe.on('error', () => undefined);
  // Neither guard nor children keep this process alive: a test that forgets to stop them still ends.
  unref(guard);
  const running = new Set<RunningProcess>();

  const start = (spec: ProcessSpec): RunningProcess => {
    const child = startProcess(spec, options.dir, (pid) => {
      running.delete(child);
      if (pipe.writable) pipe.write(`drop ${pid}\n`);
    });
    pipe.write(`add ${child.pid}\n`);
    running.add(child);
    return child;
  };
  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    await Promise.all([...running].map((child) => child.stop()));
    const guardEnded = new Promise<void>((resolve) => {
      if (guard.exitCode !== null || guard.signalCode !== null) resolve();
      else guard.once('exit', () => resolve());
    });
    guard.ref();
    pipe.end();
    await guardEnded;
  };
  const stop = (): Promise<void> => (stopping ??= stopAll());
  return { start, stop, [Symbol.asyncDispose]: stop };
}

function startProcess(spec: ProcessSpec, dir: string, onEnd: (pid: number) => void): RunningProcess {
  const logPath = join(dir, `${spec.name}.log`);
  const log = openSync(logPath, 'a');
  const child = spawn(spec.command, [...spec.args], {
    stdio: ['ignore', log, log],
    detached: true,
    ...(spec.cwd !== undefined && { cwd: spec.cwd }),
    ...(spec.env !== undefined && { env: spec.env }),
  });
  closeSync(log);
  let end: ProcessEnd | undefined;
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      end = { code, signal };
      if (child.pid !== undefined) onEnd(child.pid);
      resolve(end);
    });
    child.once('error', () => undefined);
  });
  unref(child);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`cannot start ${spec.name}: "${spec.command}" does not run`);
  const waitForEnd = (): Promise<ProcessEnd> => {
    if (end === undefined) child.ref();
    return ended;
  };
  return {
    name: spec.name,
    pid,
    logPath,
    end: () => end,
    waitForEnd,
    kill: (signal) => killGroup(pid, signal),
    async stop() {
      if (end !== undefined) return;
      if (spec.graceMs !== undefined) {
        killGroup(pid, 'SIGTERM');
        const waiting = new AbortController();
        await Promise.race([waitForEnd(), sleep(spec.graceMs, undefined, waiting).catch(() => undefined)]);
        waiting.abort();
      }
      killGroup(pid, 'SIGKILL');
      await waitForEnd();
    },
    lastLines: () => excerpt(logPath),
    rssBytes: () => residentBytes(pid),
  };
}

function unref(child: ChildProcess): void {
  child.unref();
  // A pipe to a child is a socket at run time, though its type does not say so.
  const stdin: unknown = child.stdin;
  if (typeof stdin === 'object' && stdin !== null && 'unref' in stdin && typeof stdin.unref === 'function') {
    stdin.unref();
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function excerpt(path: string): string {
  const [firstLines, lastLines] = [4, 16];
  try {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    if (lines.length <= firstLines + lastLines) return lines.join('\n');
    return [...lines.slice(0, firstLines), '…', ...lines.slice(-lastLines)].join('\n');
  } catch {
    return '';
  }
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? 0 : Number(kibibytes) * 1024;
}

/**
 * Waits until `ready` returns something else than undefined, and returns that. What it throws counts as "not yet".
 * @throws when the process ends first or `timeoutMs` passes, with the last thing that `ready` threw and an excerpt of
 *   what the process printed
 */
export async function untilReady<T>(
  child: RunningProcess,
  ready: () => Promise<T | undefined>,
  options: { readonly timeoutMs: number; readonly pollMs?: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  const { timeoutMs, pollMs = 50, signal } = options;
  const deadline = Date.now() + timeoutMs;
  let last = '';
  for (;;) {
    signal?.throwIfAborted();
    const end = child.end();
    if (end !== undefined) {
      throw new Error(`cannot start ${child.name}: it ended with ${end.signal ?? end.code}\n${child.lastLines()}`);
    }
    try {
      const result = await ready();
      if (result !== undefined) return result;
    } catch (error) {
      last = error instanceof Error ? ` (${error.message})` : '';
    }
    if (Date.now() > deadline) {
      throw new Error(`cannot start ${child.name}: not ready after ${timeoutMs} ms${last}\n${child.lastLines()}`);
    }
    await sleep(pollMs, undefined, signal ? { signal } : {});
  }
}
