import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Tool, ToolName } from './versions.ts';

/** How often a running build says that it is still running, in ms. */
const progressMs = 15_000;

export interface BuildOptions {
  readonly signal?: AbortSignal | undefined;
  readonly log: (line: string) => void;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Builds a tool from the module that pins it (`-mod=readonly`: exactly the sums in go.sum) and writes it to `target`.
 * @throws when Go is missing or the build fails, with the last lines that Go printed
 */
export async function buildTool(name: ToolName, tool: Tool, target: string, options: BuildOptions): Promise<void> {
  const what = `building ${name} ${tool.version} from its Go module (${tool.buildTime}, once)`;
  options.log(`${what} …`);
  const started = Date.now();
  const progress = setInterval(() => {
    options.log(`${what} … ${Math.round((Date.now() - started) / 1000)} s`);
  }, progressMs);
  try {
    await runGo(name, tool, target, options);
    options.log(`built ${name} ${tool.version} in ${Math.round((Date.now() - started) / 1000)} s`);
  } finally {
    clearInterval(progress);
  }
}

function runGo(name: ToolName, tool: Tool, target: string, options: BuildOptions): Promise<void> {
  const linkFlags = `-s -w ${tool.linkFlags}`.trimEnd();
  const args = ['build', '-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', linkFlags, '-o', target];
  return new Promise((resolve, reject) => {
    const go = spawn('go', [...args, tool.package], {
      cwd: fileURLToPath(new URL(`./${tool.module}/`, import.meta.url)),
      // A go.work or GOFLAGS of the user's own must not change what is built.
      env: { ...options.environment, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(options.signal && { signal: options.signal }),
    });
    let tail = '';
    go.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-4_000);
    });
    go.on('error', (error) => reject(missingGo(name, tool, error)));
    go.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`cannot build ${name} ${tool.version}: go ended with ${code}\n${tail.trimEnd()}`));
    });
  });
}

function missingGo(name: ToolName, tool: Tool, error: Error): Error {
  if (!('code' in error) || error.code !== 'ENOENT') return error;
  return new Error(
    `cannot get ${name} ${tool.version}: its release site does not answer and there is no "go" on PATH, ` +
      `expected Go 1.26 or newer (https://go.dev/dl), or KUBEBUILDER_ASSETS naming a folder with the binaries`,
    { cause: error },
  );
}
