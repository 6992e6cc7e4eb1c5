import type { Stats } from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { posix, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { evaluateConditions, parseRange } from './http-conditions.ts';
import { temporaryPrefix } from './store.ts';

export interface FileServerOptions {
  /** Everything below it is served to everyone, nothing else is. */
  readonly dir: string;
  /** Empty: all interfaces. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** How long downloads under way may go on when the server is disposed, in milliseconds (default 5,000). */
  readonly graceMs?: number;
}

export interface FileServer extends AsyncDisposable {
  readonly port: number;
}

/** Serves a folder as Go's file server does: GET and HEAD, ranges, conditional requests, listings (source spec section 4). */
export async function startFileServer(options: FileServerOptions): Promise<FileServer> {
  const root = await realpath(options.dir);
  const server = createServer(
    { requestTimeout: 60_000, headersTimeout: 30_000, keepAliveTimeout: 60_000 },
    (request, response) => {
      answer(root, request, response).catch(() => {
        if (response.headersSent) response.destroy();
        else sendText(response, 500, 'internal server error');
      });
    },
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options.port, options.host === '' ? undefined : options.host, resolve);
  await promise;
  server.off('error', reject);
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : options.port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), options.graceMs ?? 5_000);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    sendText(response, 405, 'method not allowed');
    return;
  }
  const path = requestedPath(request.url ?? '/');
  if (path === undefined) {
    sendText(response, 400, 'bad request path');
    return;
  }
  const found = await locate(root, path);
  if (found === undefined) sendText(response, 404, '404 page not found');
  else if (found.stats.isDirectory()) await sendListing(found.file, path, response);
  else if (path.endsWith('/')) redirect(response, `../${posix.basename(path)}`);
  else await sendFile(found.file, path, request, response);
}

/** The path that a request means: decoded once, `..` taken within the root. Undefined when it cannot be decoded. */
export function requestedPath(url: string): string | undefined {
  const raw = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  try {
    const path = decodeURIComponent(raw);
    return path.includes('\0') ? undefined : posix.normalize(`/${path}`);
  } catch {
    return undefined;
  }
}

/** A symbolic link may point at what is in the root; through one that points elsewhere there is nothing to see. */
async function locate(
  root: string,
  path: string,
): Promise<{ readonly file: string; readonly stats: Stats } | undefined> {
  if (path.split('/').some((part) => part.startsWith(temporaryPrefix))) return undefined;
  try {
    const file = await realpath(`${root}${path}`);
    if (file !== root && !file.startsWith(`${root}${sep}`)) return undefined;
    const stats = await stat(file);
    return stats.isDirectory() || stats.isFile() ? { file, stats } : undefined;
  } catch {
    return undefined;
  }
}

async function sendListing(dir: string, path: string, response: ServerResponse): Promise<void> {
  if (!path.endsWith('/')) {
    redirect(response, `${posix.basename(path)}/`);
    return;
  }
  const names = (await readdir(dir)).filter((name) => !name.startsWith(temporaryPrefix)).toSorted();
  const lines: string[] = [];
  for (const name of names) {
    const isFolder = await lstat(`${dir}${sep}${name}`).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    const shown = isFolder ? `${name}/` : name;
    const link = encodeURI(shown).replace(/[?#]/g, encodeURIComponent);
    // A colon in the first part of a relative link would read as a scheme.
    lines.push(`<a href="${escapeHtml(link.includes(':') ? `./${link}` : link)}">${escapeHtml(shown)}</a>`);
  }
  const page = [
    '<!doctype html>',
    '<meta name="viewport" content="width=device-width">',
    '<pre>',
    ...lines,
    '</pre>',
    '',
  ].join('\n');
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(page) });
  response.end(page);
}

async function sendFile(file: string, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // The file may be replaced at any time: what was opened is what is described and sent.
  await using handle = await open(file);
  const stats = await handle.stat();
  const etag = `"${stats.ino.toString(16)}-${stats.size.toString(16)}-${Math.round(stats.mtimeMs * 1000).toString(16)}"`;
  response.setHeader('etag', etag);
  response.setHeader('last-modified', stats.mtime.toUTCString());
  response.setHeader('accept-ranges', 'bytes');
  const verdict = evaluateConditions(request.method ?? 'GET', request.headers, { etag, modifiedAt: stats.mtime });
  if (verdict === 'notModified' || verdict === 'preconditionFailed') {
    response.writeHead(verdict === 'notModified' ? 304 : 412).end();
    return;
  }
  const range = verdict === 'ignoreRange' ? 'whole' : parseRange(request.headers.range, stats.size);
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${stats.size}`);
    sendText(response, 416, 'invalid range: failed to overlap');
    return;
  }
  const { start, end } = range === 'whole' ? { start: 0, end: stats.size - 1 } : range;
  if (range !== 'whole') response.setHeader('content-range', `bytes ${start}-${end}/${stats.size}`);
  response.writeHead(range === 'whole' ? 200 : 206, {
    'content-type': contentType(path),
    'content-length': end - start + 1,
  });
  if (request.method === 'HEAD' || stats.size === 0) {
    response.end();
    return;
  }
  // A reader that leaves in the middle is its own business.
  await pipeline(handle.createReadStream({ start, end, autoClose: false }), response).catch(() => response.destroy());
}

function contentType(path: string): string {
  if (/\.(gz|tgz)$/.test(path)) return 'application/gzip';
  if (/\.ya?ml$/.test(path)) return 'application/yaml';
  return 'application/octet-stream';
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(301, { location: `./${encodeURI(to).replace(/[?#]/g, encodeURIComponent)}` }).end();
}

function sendText(response: ServerResponse, status: number, text: string): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
