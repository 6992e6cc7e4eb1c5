import { constants } from 'node:fs';
import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildTool } from './build.ts';
import { lockFile } from './lock.ts';
import { downloadRelease } from './release.ts';
import { currentPlatform, type Release, type Tool, type ToolName, tools } from './versions.ts';

export interface ToolOptions {
  readonly signal?: AbortSignal | undefined;
  /** Takes one line of progress; stderr unless given. */
  readonly log?: ((line: string) => void) | undefined;
  /** `KUBEBUILDER_ASSETS`, `SLUICE_CACHE`, `XDG_CACHE_HOME` and what Go reads; this process's own unless given. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

// A site that did not answer once is not asked again by this process: seven tools would wait for seven timeouts.
const silentSites = new Set<string>();

/**
 * The path of a pinned binary. The first of these that has it: `KUBEBUILDER_ASSETS`, the cache folder, the project's
 * release with its checksum, a build from the Go module beside this file. The last two fill the cache.
 */
export async function toolPath(name: ToolName, options: ToolOptions = {}): Promise<string> {
  const environment = options.environment ?? process.env;
  const log = options.log ?? ((line: string): void => void process.stderr.write(`${line}\n`));
  const assets = environment['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && assets !== '' && (await isExecutable(join(assets, name)))) return join(assets, name);

  const tool = tools[name];
  const { os, arch } = currentPlatform();
  const cache = join(cacheFolder(environment), 'tools');
  const folder = join(cache, name, tool.version, `${os}-${arch}`);
  const target = join(folder, name);
  if (await isExecutable(target)) return target;

  await mkdir(folder, { recursive: true });
  // One lock for all tools: two Go builds at once only take each other's memory and cores.
  await using _lock = await lockFile(join(cache, 'lock'), {
    signal: options.signal,
    onWait: () => log(`waiting for another process that is fetching tools (wanted: ${name} ${tool.version}) …`),
  });
  if (await isExecutable(target)) return target;
  const temporary = join(folder, `.${name}.${process.pid}`);
  try {
    await obtain(name, tool, temporary, { signal: options.signal, log, environment });
    await chmod(temporary, 0o755);
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
  return target;
}

/** Where binaries and other things that can be fetched again are kept. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const own = environment['SLUICE_CACHE'];
  if (own !== undefined && own !== '') return own;
  const xdg = environment['XDG_CACHE_HOME'];
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.cache'), 'sluice');
}

interface Sources {
  readonly signal: AbortSignal | undefined;
  readonly log: (line: string) => void;
  readonly environment: NodeJS.ProcessEnv;
}

async function obtain(name: ToolName, tool: Tool, target: string, sources: Sources): Promise<void> {
  const release = tool.release?.(currentPlatform());
  if (release !== undefined && (await tryRelease(name, tool, release, target, sources))) return;
  await buildTool(name, tool, target, sources);
}

async function tryRelease(
  name: ToolName,
  tool: Tool,
  release: Release,
  target: string,
  sources: Sources,
): Promise<boolean> {
  const site = new URL(release.url).host;
  if (silentSites.has(site)) return false;
  sources.log(`fetching ${name} ${tool.version} from ${site} …`);
  try {
    await downloadRelease(release, target, sources.signal);
    return true;
  } catch (error) {
    sources.signal?.throwIfAborted();
    silentSites.add(site);
    const reason = reasonOf(error);
    sources.log(`cannot fetch ${name} from ${site} (${reason}); building it instead`);
    return false;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The innermost message: what `fetch` throws says no more than "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
