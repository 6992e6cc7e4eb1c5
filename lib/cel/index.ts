export { CelError, type CelErrorCode } from './error.ts';
export {
  type CompiledExpression,
  type CompileOptions,
  compileExpression,
  type ResultType,
  type VariableType,
} from './expression.ts';
