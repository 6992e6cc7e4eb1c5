export { type Deadline, deadline, sleep } from './deadline.ts';
export { KeyedLock } from './keyed-lock.ts';
export { mapLimit } from './map-limit.ts';
