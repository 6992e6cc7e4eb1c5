import { OciError } from './oci-error.ts';
import { digestPattern } from './reference.ts';

/** Something in a registry, by digest. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly artifactType: string;
  /** `os/architecture`; empty without. */
  readonly platform: string;
}

export interface Manifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly artifactType: string;
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** A list of manifests, as for several platforms. */
export interface Index {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

export const manifestTypes: readonly string[] = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

const mostEntries = 10_000;

/**
 * Reads a manifest or index.
 * @throws OciError 'protocol' | 'tooLarge'
 */
export function parseManifest(bytes: Uint8Array): Manifest | Index {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new OciError('protocol', 'cannot parse manifest: it is no JSON', { cause: error });
  }
  if (!isRecord(json)) throw new OciError('protocol', 'cannot parse manifest: it is no object');
  if (Array.isArray(json['manifests'])) return { kind: 'index', manifests: descriptors(json['manifests']) };
  if (!Array.isArray(json['layers'])) {
    throw new OciError('protocol', 'cannot parse manifest: it has neither layers nor manifests');
  }
  return {
    kind: 'manifest',
    mediaType: textOf(json['mediaType']),
    artifactType: textOf(json['artifactType']),
    config: json['config'] === undefined ? undefined : descriptor(json['config']),
    layers: descriptors(json['layers']),
    annotations: stringsOf(json['annotations']),
  };
}

function descriptors(list: readonly unknown[]): readonly Descriptor[] {
  if (list.length > mostEntries)
    throw new OciError('tooLarge', `cannot parse manifest: more than ${mostEntries} entries`);
  return list.map(descriptor);
}

function descriptor(value: unknown): Descriptor {
  const fields = isRecord(value) ? value : {};
  const { digest, size, platform } = fields;
  if (typeof digest !== 'string' || !digestPattern.test(digest)) {
    throw new OciError('protocol', 'cannot parse manifest: an entry has no sha256 digest');
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new OciError('protocol', `cannot parse manifest: the entry ${digest} has no size`);
  }
  const { os, architecture } = isRecord(platform) ? platform : {};
  return {
    mediaType: textOf(fields['mediaType']),
    digest,
    sizeBytes: size,
    annotations: stringsOf(fields['annotations']),
    artifactType: textOf(fields['artifactType']),
    platform: os === undefined && architecture === undefined ? '' : `${textOf(os)}/${textOf(architecture)}`,
  };
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
