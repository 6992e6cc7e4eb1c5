import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Content of a file; null deletes it. */
export type FileContent =
  | string
  | Buffer
  | null
  | { readonly content: string | Buffer; readonly mode: 'file' | 'executable' | 'symlink' };
export type Files = Readonly<Record<string, FileContent>>;

export interface CommitOptions {
  /** `main` unless given; made when it does not exist. */
  readonly branch?: string;
  /** Author and committer time; now unless given. */
  readonly date?: Date;
  readonly author?: string;
}

const identity = 'Sluice Test <test@example.test>';

// Nothing of the user's own may change what a test sees: configuration (signing, hooks, default branch), GIT_SSL_CAINFO
// (which beats http.sslCAInfo), or the GIT_DIR of a hook that runs the tests.
export function gitEnvironment(base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...Object.fromEntries(
      Object.entries(base).filter(([name]) => !name.startsWith('GIT_') || name === 'GIT_EXEC_PATH'),
    ),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Sluice Test',
    GIT_AUTHOR_EMAIL: 'test@example.test',
    GIT_COMMITTER_NAME: 'Sluice Test',
    GIT_COMMITTER_EMAIL: 'test@example.test',
  };
}

/** Runs git and returns what it printed, without the last line break. */
export function git(
  dir: string,
  args: readonly string[],
  options: { readonly input?: Buffer | string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...gitEnvironment(process.env), ...options.env };
    const child = spawn('git', [...args], { cwd: dir, env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(stdout.trimEnd());
      else reject(new Error(`git ${args[0]} ended with ${code}: ${stderr.trim()}`));
    });
  });
}

/** Makes an empty bare repository with the HEAD that hosting services give: `main`. */
export async function initBare(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await git(path, ['init', '--quiet', '--bare', '--initial-branch=main', '.']);
  // Pushes over HTTP; fetches of a commit by its name, as hosting services allow them; partial clones.
  for (const key of ['http.receivepack', 'uploadpack.allowAnySHA1InWant', 'uploadpack.allowFilter']) {
    await git(path, ['config', key, 'true']);
  }
}

/**
 * Commits to a bare repository without a work tree, hooks or a network: one `git fast-import`.
 * @returns the commit's 40 hex digits
 */
export async function commitTo(
  path: string,
  files: Files,
  message: string,
  options: CommitOptions = {},
): Promise<string> {
  const ref = `refs/heads/${options.branch ?? 'main'}`;
  const parent = await git(path, ['rev-parse', '--verify', '--quiet', ref]).catch(() => '');
  const seconds = Math.floor((options.date ?? new Date()).getTime() / 1000);
  const stream: Buffer[] = [];
  const line = (text: string): void => void stream.push(Buffer.from(`${text}\n`));
  const data = (content: Buffer): void => {
    line(`data ${content.length}`);
    stream.push(content);
    line('');
  };
  line(`commit ${ref}`);
  line(`author ${options.author ?? identity} ${seconds} +0000`);
  line(`committer ${identity} ${seconds} +0000`);
  data(Buffer.from(message));
  if (parent !== '') line(`from ${parent}`);
  for (const [name, content] of Object.entries(files)) {
    if (content === null) {
      line(`D ${quoted(name)}`);
      continue;
    }
    const plain = typeof content === 'string' || Buffer.isBuffer(content);
    line(`M ${plain ? '100644' : modes[content.mode]} inline ${quoted(name)}`);
    data(Buffer.from(plain ? content : content.content));
  }
  await git(path, ['fast-import', '--quiet', '--force'], { input: Buffer.concat(stream) });
  return git(path, ['rev-parse', ref]);
}

const modes = { file: '100644', executable: '100755', symlink: '120000' } as const;

function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}

/** Clones `url`, commits and pushes: the way of a person, with hooks and credentials. @returns the commit */
export async function pushTo(
  url: string,
  files: Files,
  message: string,
  options: CommitOptions & { readonly config?: readonly string[] } = {},
): Promise<string> {
  const branch = options.branch ?? 'main';
  const config = (options.config ?? []).flatMap((entry) => ['-c', entry]);
  const dir = await mkdtemp(join(tmpdir(), 'sluice-push-'));
  try {
    await git(dir, [...config, 'clone', '--quiet', url, '.']);
    await git(dir, ['checkout', '--quiet', '-B', branch, `origin/${branch}`]).catch(() =>
      git(dir, ['checkout', '--quiet', '--orphan', branch]),
    );
    for (const [name, content] of Object.entries(files)) {
      const path = join(dir, name);
      if (content === null) {
        await rm(path, { force: true });
        continue;
      }
      await mkdir(dirname(path), { recursive: true });
      await writeContent(path, content);
    }
    await git(dir, ['add', '--all']);
    await git(dir, ['commit', '--quiet', '--message', message]);
    await git(dir, [...config, 'push', '--quiet', 'origin', branch]);
    return await git(dir, ['rev-parse', 'HEAD']);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function writeContent(path: string, file: Exclude<FileContent, null>): Promise<void> {
  if (typeof file === 'string' || Buffer.isBuffer(file)) await writeFile(path, file);
  else if (file.mode === 'symlink') await symlink(String(file.content), path);
  else await writeFile(path, file.content, { mode: file.mode === 'executable' ? 0o755 : 0o644 });
}
