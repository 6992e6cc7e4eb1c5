import type { IncomingMessage } from 'node:http';
import { BodyTooLarge, type HttpAnswer, readBody } from '../http-listener.ts';
import { cleanMetadata, dropToken, type Event } from './event.ts';
import { EventError, parseEvent } from './event-json.ts';
import { eventKey, type RateLimit } from './rate-limit.ts';

export interface EventHandling {
  readonly rateLimit: RateLimit;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Starts the deliveries of an event; it must neither throw nor wait. */
  readonly dispatch: (event: Event) => void;
}

/** The endpoint that the other controllers post to: any method, any path, 202 before anything is delivered (spec 5.2). */
export function eventHandler(handling: EventHandling): (request: IncomingMessage) => Promise<HttpAnswer> {
  return async (request) => {
    let event: Event;
    try {
      event = cleanMetadata(parseEvent((await readBody(request)).toString('utf8')));
    } catch (error) {
      if (error instanceof BodyTooLarge) return { status: 413 };
      return { status: 400, body: error instanceof EventError ? `${error.message}\n` : '' };
    }
    const { duplicate, resetAt } = handling.rateLimit.take(eventKey(event), handling.now());
    const reset = new Date(resetAt).toUTCString();
    const headers = { 'X-Ratelimit-Limit': '1', 'X-Ratelimit-Remaining': '0', 'X-Ratelimit-Reset': reset };
    if (duplicate) {
      return {
        status: 429,
        headers: { ...headers, 'Retry-After': reset, 'Content-Type': 'text/plain; charset=utf-8' },
        body: 'Too Many Requests\n',
      };
    }
    handling.dispatch(dropToken(event));
    return { status: 202, headers };
  };
}
