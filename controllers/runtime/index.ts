export type { Logger } from 'pino';
export { commonFlags, shardingFlags } from './common-flags.ts';
export { findCondition } from './conditions.ts';
export type { Controller, EventDraft, EventType, KindController, Priority, Program, Run } from './contract.ts';
export {
  type FeatureGate,
  FlagError,
  type FlagSpec,
  type FlagTable,
  type Options,
  parseFeatureGates,
  parseFlags,
} from './flags.ts';
export {
  type ConditionChange,
  type Outcome,
  ReconcileError,
  type ReconcileErrorOptions,
  type Retry,
} from './outcome.ts';
export { type ProcessPort, type ProgramDefinition, runProgram } from './program.ts';
export { processPort } from './process-port.ts';
export { WorkQueue, type WorkQueueOptions } from './work-queue.ts';
