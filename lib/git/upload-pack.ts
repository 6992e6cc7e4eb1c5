/** Git's service for readers at the other end of some transport: it advertises, then answers requests. */
export interface UploadPack extends AsyncDisposable {
  /** Without userinfo: for messages. */
  readonly url: string;
  /** What the service says of itself. The pieces end where the answer ends, and must be read or given up (`return`). */
  advertise(signal: AbortSignal): Promise<AsyncIterable<unknown>>;
  /** The answer to one request, in the protocol version that was advertised. */
  upload(body: Buffer, protocol: 0 | 2, signal: AbortSignal): Promise<AsyncIterable<unknown>>;
}
