export type * from './contract.ts';
export { createApplyEngine } from './engine.ts';
export { ApplyError, type ApplyErrorCode, type ObjectFailure } from './error.ts';
export { pruneMessage } from './failure-text.ts';
export { computeHealth } from './health.ts';
export { compileHealthExpressions, HealthExpressionError, type HealthExpressions } from './health-expressions.ts';
export { openLiveObjects } from './live-objects.ts';
export { formatChanges, formatObject, inventoryEntry, objectId, parseInventoryEntry } from './object-id.ts';
export { diffInventory } from './order.ts';
