import { basename } from 'node:path';
import { KustomizeError } from '../error.ts';
import type { ConfigMapArgs } from '../kustomization/schema.ts';
import type { Loader } from '../load/loader.ts';

/** An entry of a generated map. Bytes that are no UTF-8 stay bytes. */
export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
}

const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of a value, or undefined when it is binary. */
export function textOf(value: Uint8Array): string | undefined {
  try {
    return strict.decode(value);
  } catch {
    return undefined;
  }
}

/** All entries of a generator, in kustomize's order: env files, literals, files. */
export function loadKeyValues(args: ConfigMapArgs, loader: Loader): KeyValue[] {
  const envs = [...(args.envs ?? []), ...(args.env ? [args.env] : [])];
  return [
    ...wrap('env source files', envs, () => envs.flatMap((path) => readEnvFile(path, loader))),
    ...wrap('literal sources', args.literals ?? [], () => (args.literals ?? []).map(parseLiteral)),
    ...wrap('file sources', args.files ?? [], () => (args.files ?? []).map((source) => readFileSource(source, loader))),
  ];
}

function wrap<T>(what: string, sources: readonly string[], load: () => T): T {
  try {
    return load();
  } catch (error) {
    throw error instanceof KustomizeError ? error.wrap(`loading KV pairs: ${what}: [${sources.join(' ')}]`) : error;
  }
}

function parseLiteral(source: string): KeyValue {
  const at = source.indexOf('=');
  if (at <= 0) throw new KustomizeError('generatorFailed', `invalid literal source ${source}, expected key=value`);
  return { key: source.slice(0, at), value: encoder.encode(unquote(source.slice(at + 1))) };
}

/** One pair of quotes around a whole value goes. */
function unquote(value: string): string {
  const first = value[0];
  return value.length >= 2 && (first === '"' || first === "'") && value.endsWith(first) ? value.slice(1, -1) : value;
}

function readFileSource(source: string, loader: Loader): KeyValue {
  const parts = source.split('=');
  if (parts.length > 2) {
    throw new KustomizeError('generatorFailed', "key names or file paths cannot contain '='");
  }
  if (source.startsWith('='))
    throw new KustomizeError(
      'generatorFailed',
      `missing key name for file path ${source.slice(1)} in source ${source}`,
    );
  if (source.endsWith('='))
    throw new KustomizeError(
      'generatorFailed',
      `missing file path for key name ${source.slice(0, -1)} in source ${source}`,
    );
  const [first = '', second] = parts;
  return second === undefined
    ? { key: basename(first), value: loader.readBytes(first) }
    : { key: first, value: loader.readBytes(second) };
}

/** `KEY=value` lines; only leading space is trimmed, and nothing is unquoted. */
function readEnvFile(path: string, loader: Loader): KeyValue[] {
  const text = textOf(loader.readBytes(path));
  if (text === undefined)
    throw new KustomizeError('generatorFailed', `env file ${path} contains invalid utf-8`, { path });
  const lines = text.split(/\r?\n/);
  if (lines[0] !== undefined) lines[0] = lines[0].replace(/^\uFEFF/, '');
  const entries: KeyValue[] = [];
  for (const raw of lines) {
    const line = raw.replace(/^[\s\u0085]+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf('=');
    const key = at < 0 ? line : line.slice(0, at);
    entries.push({ key, value: encoder.encode(at < 0 ? '' : line.slice(at + 1)) });
  }
  return entries;
}
