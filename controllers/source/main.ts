import { processPort, runProgram } from '#runtime';
import { buildSourceProgram } from './build-program.ts';
import { sourceFlags, sourceGates } from './flags.ts';

const port = processPort(process);
port.exit(
  await runProgram(
    {
      name: 'source-controller',
      flags: sourceFlags,
      featureGates: sourceGates,
      eventsAddress: (options) => options['events-addr'],
      build: buildSourceProgram,
    },
    port,
  ),
);
