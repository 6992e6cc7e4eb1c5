import type { Socket } from 'node:net';

/** Opens a TCP connection to a host, by way of something. */
export type Tunnel = (host: string, port: number, signal: AbortSignal) => Promise<Socket>;
