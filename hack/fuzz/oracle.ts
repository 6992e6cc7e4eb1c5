import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
  readonly error: string;
}

/** kustomize as a command: one process a build. What it says is what counts. */
export function realBuild(binary: string, dir: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 1 << 28, timeout: 20_000, env: { PATH: '/nonexistent', HOME: '/nonexistent' } };
    execFile(binary, ['build', dir], options, (error, stdout, stderr) => {
      // Warnings come first, line by line; the error may have several lines.
      const at = stderr.indexOf('Error: ');
      const text = at < 0 ? stderr : stderr.slice(at + 'Error: '.length);
      resolve({
        ok: error === null,
        output: error === null ? stdout : '',
        error: error === null ? '' : text.trimEnd(),
      });
    });
  });
}

/** kustomize's build command in a process that stays: about thirty times faster. */
export class BatchOracle {
  private readonly binary: string;
  private child: ChildProcess | undefined;
  private hasOldSchema = false;
  private waiting: ((answer: Outcome) => void) | undefined;

  constructor(binary: string) {
    this.binary = binary;
  }

  /** One at a time. A build that kills or blocks the process counts as a failed one. */
  build(dir: string, setsSchema: boolean, timeoutMs = 20_000): Promise<Outcome> {
    const child = this.start();
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      this.waiting = (answer): void => {
        clearTimeout(timer);
        this.waiting = undefined;
        resolve(answer);
      };
      child.stdin?.write(`${setsSchema || this.hasOldSchema ? '!' : ''}${dir}\n`);
      this.hasOldSchema = setsSchema;
    });
  }

  stop(): void {
    this.child?.kill();
  }

  private start(): ChildProcess {
    if (this.child !== undefined) return this.child;
    const child = spawn(this.binary, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: '/nonexistent', HOME: '/nonexistent' },
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const answer: Outcome = JSON.parse(line);
      this.waiting?.(answer);
    });
    child.on('close', () => {
      this.child = undefined;
      this.waiting?.({ ok: false, output: '', error: 'kustomize crashed' });
    });
    this.child = child;
    return child;
  }
}
