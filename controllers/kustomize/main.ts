import { processPort, runProgram } from '#runtime';
import { buildKustomizeProgram } from './build-program.ts';
import { kustomizeFlags, kustomizeGates } from './flags.ts';

const port = processPort(process);
port.exit(
  await runProgram(
    {
      name: 'kustomize-controller',
      flags: kustomizeFlags,
      featureGates: kustomizeGates,
      eventsAddress: (options) => options['events-addr'],
      build: buildKustomizeProgram,
    },
    port,
  ),
);
