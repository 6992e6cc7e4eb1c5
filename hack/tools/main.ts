// Prints the paths of pinned tools, one a line: `node hack/tools/main.ts kustomize kubectl`; all of them without a name.
import { isToolName, type ToolName, toolPath, tools } from './index.ts';

const names = process.argv.slice(2);
const unknown = names.find((name) => !isToolName(name));
if (unknown !== undefined) {
  process.stderr.write(`cannot find tool "${unknown}": expected one of ${Object.keys(tools).join(', ')}\n`);
  process.exit(2);
}
const wanted: readonly ToolName[] = (names.length > 0 ? names : Object.keys(tools)).filter(isToolName);
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
process.once('SIGTERM', () => interrupted.abort(new Error('terminated')));
try {
  for (const name of wanted) process.stdout.write(`${await toolPath(name, { signal: interrupted.signal })}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
