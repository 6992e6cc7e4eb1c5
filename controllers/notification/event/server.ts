import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { BodyTooLarge, readBody } from '../http-listener.ts';
import { cleanMetadata, dropToken, type Event, EventError, parseEvent } from './event.ts';
import { eventKey, type RateLimit } from './rate-limit.ts';

export interface EventHandling {
  readonly rateLimit: RateLimit;
  readonly now: () => number;
  /** Starts the deliveries of an event; it must neither throw nor wait. */
  readonly dispatch: (event: Event) => void;
}

/** The endpoint that the other controllers post to: any method, any path, 202 before anything is delivered (spec 5.2). */
export function eventListener(handling: EventHandling): RequestListener {
  return (request, response) => {
    handle(request, response, handling).catch(() => response.destroy());
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, handling: EventHandling): Promise<void> {
  let event: Event;
  try {
    event = cleanMetadata(parseEvent((await readBody(request)).toString('utf8')));
  } catch (error) {
    if (error instanceof BodyTooLarge) response.writeHead(413, { connection: 'close' }).end();
    else response.writeHead(400).end(error instanceof EventError ? `${error.message}\n` : '');
    return;
  }
  const { duplicate, resetAt } = handling.rateLimit.take(eventKey(event), handling.now());
  const reset = new Date(resetAt).toUTCString();
  response
    .setHeader('X-Ratelimit-Limit', '1')
    .setHeader('X-Ratelimit-Remaining', '0')
    .setHeader('X-Ratelimit-Reset', reset);
  if (duplicate) {
    response
      .setHeader('Retry-After', reset)
      .writeHead(429, { 'Content-Type': 'text/plain; charset=utf-8' })
      .end('Too Many Requests\n');
    return;
  }
  handling.dispatch(dropToken(event));
  response.writeHead(202).end();
}
