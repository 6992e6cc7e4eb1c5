import { setTimeout as delay } from 'node:timers/promises';

export interface ProfileAnswer {
  readonly code: number;
  readonly type: string;
  readonly text: string;
}

/** Longest profile, in seconds. */
const longestSeconds = 300;

let isProfiling = false;

/**
 * What stands below `/debug/pprof`: V8's own profiles, which Chrome's developer tools and speedscope read. Go's do not
 * exist for this runtime.
 * @param path `/profile`, `/heap`, or `/` for the list
 */
export async function profileOf(path: string, query: URLSearchParams): Promise<ProfileAnswer> {
  const seconds = Number(query.get('seconds') ?? 10);
  switch (path) {
    case '/profile':
    case '/heap':
      if (!(seconds > 0 && seconds <= longestSeconds)) {
        return plain(400, `cannot profile for "${query.get('seconds')}" seconds: expected 1 to ${longestSeconds}`);
      }
      if (isProfiling) return plain(409, 'cannot profile: another profile is being taken');
      isProfiling = true;
      try {
        return { code: 200, type: 'application/json', text: await takeProfile(path, seconds) };
      } finally {
        isProfiling = false;
      }
    case '':
    case '/':
      return plain(
        200,
        'profile?seconds=10  V8 CPU profile (.cpuprofile)\nheap?seconds=10  V8 sampling heap profile (.heapprofile)\n',
      );
    default:
      return plain(404, 'no such profile: this is Node.js, which has "profile" and "heap"\n');
  }
}

async function takeProfile(path: '/profile' | '/heap', seconds: number): Promise<string> {
  const { Session } = await import('node:inspector/promises'); // not before someone asks
  const session = new Session();
  session.connect();
  try {
    if (path === '/heap') {
      await session.post('HeapProfiler.startSampling', {});
      await delay(seconds * 1000);
      return JSON.stringify((await session.post('HeapProfiler.stopSampling')).profile);
    }
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await delay(seconds * 1000);
    return JSON.stringify((await session.post('Profiler.stop')).profile);
  } finally {
    session.disconnect();
  }
}

function plain(code: number, text: string): ProfileAnswer {
  return { code, type: 'text/plain; charset=utf-8', text };
}
