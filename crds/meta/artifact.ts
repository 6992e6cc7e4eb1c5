import { integer, map, object, optional, type Schema, string, text, time } from '../schema/schema.ts';

/** What a source has stored: an archive that its consumers download and verify by digest. */
export interface Artifact {
  /** `<algorithm>:<encoded>` of the stored file. */
  readonly digest: string;
  /** Relative to the root of the store. */
  readonly path: string;
  readonly url: string;
  /** Such as `main@sha1:<40 hex digits>`. */
  readonly revision: string;
  readonly lastUpdateTime: string;
  /** Bytes of the stored file. */
  readonly size?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

export const artifact: Schema<Artifact> = object(
  {
    digest: string({
      description:
        'Digest of the stored file, as `<algorithm>:<encoded>`. Consumers refuse a download that differs from it.',
      pattern: '^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$',
    }),
    path: string({ description: 'Where the file is, relative to the root of the store.' }),
    url: string({ description: 'Where the file can be downloaded inside the cluster, over HTTP.' }),
    revision: string({ description: 'What the file was made of, such as `main@sha1:<commit>`.' }),
    lastUpdateTime: time({ description: 'When the file was stored.' }),
    size: optional(integer({ description: 'Size of the stored file in bytes.' })),
    metadata: optional(
      map(text, { description: 'Facts that came with the upstream content, such as OCI annotations.' }),
    ),
  },
  { description: 'The stored archive that consumers download.' },
);
