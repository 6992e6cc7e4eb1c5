import { createHash, createHmac } from 'node:crypto';

export interface S3Keys {
  readonly accessKey: string;
  readonly secretKey: string;
}

const emptyHash = createHash('sha256').update('').digest('hex');

/**
 * Headers that sign a request without a body (AWS Signature Version 4).
 * @param url whose query is complete; it is signed as it stands
 */
export function signS3(
  method: string,
  url: URL,
  keys: S3Keys,
  region: string,
  now: Date,
): Readonly<Record<string, string>> {
  const time = `${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/s3/aws4_request`;
  const signedHeaders = 'host;x-amz-content-sha256;x-amz-date';
  const canonical = [
    method,
    url.pathname,
    canonicalQuery(url.searchParams),
    `host:${url.host}`,
    `x-amz-content-sha256:${emptyHash}`,
    `x-amz-date:${time}`,
    '',
    signedHeaders,
    emptyHash,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = [day, region, 's3', 'aws4_request'].reduce(
    (above: Buffer, part) => createHmac('sha256', above).update(part).digest(),
    Buffer.from(`AWS4${keys.secretKey}`, 'utf8'),
  );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return {
    'x-amz-date': time,
    'x-amz-content-sha256': emptyHash,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKey}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .toSorted()
    .join('&');
}

/** Everything but unreserved characters, in upper-case hex: stricter than encodeURIComponent. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A key as part of a path: its slashes stay. */
export function encodeKey(key: string): string {
  return key.split('/').map(uriEncode).join('/');
}
