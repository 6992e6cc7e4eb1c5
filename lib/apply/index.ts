export type * from './contract.ts';
export { ApplyError, type ApplyErrorCode, type ObjectFailure } from './error.ts';
export {
  apiVersionOf,
  formatChanges,
  formatObject,
  inventoryEntry,
  objectId,
  parseInventoryEntry,
} from './object-id.ts';
