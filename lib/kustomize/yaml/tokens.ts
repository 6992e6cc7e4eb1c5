/** Token types; numbers because they are compared in the hottest loops. */
export const STREAM_END = 0;
export const DOCUMENT_START = 1;
export const DOCUMENT_END = 2;
export const DIRECTIVE = 3;
export const BLOCK_SEQUENCE_START = 4;
export const BLOCK_MAPPING_START = 5;
export const BLOCK_END = 6;
export const FLOW_SEQUENCE_START = 7;
export const FLOW_SEQUENCE_END = 8;
export const FLOW_MAPPING_START = 9;
export const FLOW_MAPPING_END = 10;
export const BLOCK_ENTRY = 11;
export const FLOW_ENTRY = 12;
export const KEY = 13;
export const VALUE = 14;
export const ALIAS = 15;
export const ANCHOR = 16;
export const TAG = 17;
export const PLAIN = 18;
export const SINGLE = 19;
export const DOUBLE = 20;
export const LITERAL = 21;
export const FOLDED = 22;

/** Scalars are all token types from here on. */
export const FIRST_SCALAR: number = PLAIN;

/** Tokens are recycled: read what you need before the next `skip`. */
export class Token {
  type: number = STREAM_END;
  /** Text of a scalar, name of an anchor or alias, suffix of a tag, name of a directive. */
  value = '';
  /** Handle of a tag; arguments of a directive. */
  extra = '';
  /** 0-based. */
  line = 0;
  column = 0;
  /** 1 + flow level of the simple key that may start here; 0: none may. */
  keyLevel = 0;
}
