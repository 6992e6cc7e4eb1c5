import type { ProcessPort } from './program.ts';

/** The real process; only a `main.ts` asks for it. */
export function processPort(process: NodeJS.Process): ProcessPort {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    onSignal: (handler) => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => handler(name));
    },
    exit: (code) => process.exit(code),
  };
}
