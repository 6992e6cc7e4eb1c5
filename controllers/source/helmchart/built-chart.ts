/** A chart that is ready to be stored. */
export interface BuiltChart {
  readonly name: string;
  readonly version: string;
  /** Bytes of the archive. */
  readonly archive: AsyncIterable<Uint8Array>;
  /** Whether it was packed here, not taken as it came. */
  readonly packaged: boolean;
  readonly valuesFiles: readonly string[];
}

/** What a look found: a chart to store, or that the stored one is still it. */
export type ChartResult = { readonly kind: 'built'; readonly chart: BuiltChart } | { readonly kind: 'unchanged' };

/** A version with build metadata in place of its own. */
export function withBuildMetadata(version: string, parts: readonly string[]): string {
  return parts.length === 0 ? version : `${version.replace(/\+.*$/, '')}+${parts.join('.')}`;
}

export async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
