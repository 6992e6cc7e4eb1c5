import type { IncomingHttpHeaders } from 'node:http';

/** What a file is at the time of a request. */
export interface Validators {
  readonly etag: string;
  readonly modifiedAt: Date;
}

/** What the conditions of a GET or HEAD come to (RFC 9110, section 13.2.2, in its order). */
export function evaluateConditions(
  method: string,
  headers: IncomingHttpHeaders,
  file: Validators,
): 'proceed' | 'ignoreRange' | 'notModified' | 'preconditionFailed' {
  const seconds = Math.floor(file.modifiedAt.getTime() / 1000);
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, file.etag, 'strong')) return 'preconditionFailed';
  } else {
    const since = httpSeconds(headers['if-unmodified-since']);
    if (since !== undefined && seconds > since) return 'preconditionFailed';
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, file.etag, 'weak')) return 'notModified';
  } else {
    const since = httpSeconds(headers['if-modified-since']);
    if (since !== undefined && seconds <= since) return 'notModified';
  }
  const ifRange = headers['if-range'];
  if (typeof ifRange === 'string' && method === 'GET') {
    const same = ifRange.startsWith('"') ? ifRange === file.etag : httpSeconds(ifRange) === seconds;
    if (!same) return 'ignoreRange';
  }
  return 'proceed';
}

function matches(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => {
    const tag = candidate.trim();
    return tag === etag || (comparison === 'weak' && tag === `W/${etag}`);
  });
}

function httpSeconds(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const time = Date.parse(header);
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}

/** Both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One range of bytes; several at once and what does not parse are answered with the whole, which the standard allows. */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | 'whole' | 'unsatisfiable' {
  const parts = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/.exec(header ?? '');
  if (parts === null) return 'whole';
  const [, first = '', last = ''] = parts;
  if (first === '' && last === '') return 'whole';
  if (first === '') {
    const count = Math.min(Number(last), sizeBytes);
    return count === 0 ? 'unsatisfiable' : { start: sizeBytes - count, end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < start) return 'whole';
  return start >= sizeBytes ? 'unsatisfiable' : { start, end };
}
