// `make demo`: shows the main job on a control plane of its own, then stays up. Without a terminal, or with CI=true, it ends
// after the tour: 0, or 1 with the reason. `--dist` runs the bundles of dist/.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunningController } from '#test-kit';
import { type Narrator, narrator } from './narrator.ts';
import { repositoryName } from './sample-repository.ts';
import { openTheatre, type Theatre } from './theatre.ts';
import { tour } from './tour.ts';

const { values } = parseArgs({ options: { dist: { type: 'boolean', default: false } } });
const terminal = process.stdout.isTTY;
const stays = terminal && process.env['CI'] !== 'true';
const tell = narrator({ out: process.stdout, terminal, now: () => performance.now() });

const interrupted = new AbortController();
const ended = new Promise<void>((resolveEnd) => {
  const end = (why: string): void => {
    interrupted.abort(new Error(`ended by ${why}`));
    resolveEnd();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Asked again while it is ending: leave at once, the guards of the processes do the rest.
      if (interrupted.signal.aborted) process.exit(1);
      end(signal);
    });
  }
  // `make demo | head`: nobody reads on, so there is nobody to show anything to.
  process.stdout.on('error', () => end('its reader'));
});

let theatre: Theatre | undefined;
try {
  await using stack = new AsyncDisposableStack();
  try {
    theatre = await openTheatre({
      tell,
      signal: interrupted.signal,
      dist: values.dist ? resolve(import.meta.dirname, '../../dist') : undefined,
      stack,
    });
    const ranOut = await Promise.race([tour(theatre, tell).then(() => false), ended.then(() => true)]);
    if (ranOut) throw interrupted.signal.reason;
    if (stays) await stayUp(theatre, tell);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`\nThe demo ended early: ${error instanceof Error ? error.message : String(error)}\n`);
    if (theatre !== undefined && !interrupted.signal.aborted) await showLogs(theatre);
  }
} finally {
  if (!interrupted.signal.aborted && process.exitCode !== 1) process.stdout.write('\nDone; everything is stopped.\n');
}

/** Prints how to go on, then each alert as it comes, until Ctrl-C. */
async function stayUp(
  { cluster, git, alerts, source, kustomize, notification }: Theatre,
  out: Narrator,
): Promise<void> {
  process.stdout.write(`
Everything stays up. Go on from another terminal:

  export KUBECONFIG=${cluster.kubeconfigPath}
  git clone ${git.repositoryUrl(repositoryName)}     # change something, commit, push
  kubectl get gitrepositories,kustomizations -A --watch
  curl ${source.urls.metrics}
  curl ${kustomize.urls.metrics}
  curl ${notification.urls.metrics}

Alerts appear here. Ctrl-C ends everything.
`);
  let shown = alerts.requests.length;
  const printing = setInterval(() => {
    for (const { body } of alerts.requests.slice(shown)) out.say(`alert: ${summary(body)}`);
    shown = alerts.requests.length;
  }, 200);
  await ended;
  clearInterval(printing);
}

function summary(body: string): string {
  const event: { involvedObject?: { kind?: string; name?: string }; severity?: string; message?: string } =
    JSON.parse(body);
  return `${event.severity} ${event.involvedObject?.kind}/${event.involvedObject?.name}: ${event.message}`;
}

async function showLogs({ source, kustomize, notification }: Theatre): Promise<void> {
  for (const controller of [source, kustomize, notification]) process.stderr.write(await errorsOf(controller));
}

async function errorsOf(controller: RunningController): Promise<string> {
  const lines = (await controller.logs()).filter((line) => line['level'] === 'error' || line['level'] === undefined);
  const last = lines.slice(-3).map((line) => `  ${JSON.stringify(line)}\n`);
  return last.length === 0 ? '' : `The last errors of ${controller.name}-controller:\n${last.join('')}`;
}
