/** `parse`: not CEL; `check`: CEL that can never work here (types, a constant that is wrong); `evaluate`: failed on the values given. */
export type CelErrorCode = 'parse' | 'check' | 'evaluate';

export class CelError extends Error {
  override readonly name = 'CelError';
  readonly code: CelErrorCode;

  constructor(code: CelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An error of evaluation, in cel-go's words. */
export function failure(message: string): CelError {
  return new CelError('evaluate', message);
}

export interface Problem {
  /** Where in the expression, in UTF-16 units. */
  readonly at: number;
  readonly message: string;
}

/** The problems of an expression as cel-go prints them: place, text, the line and a mark under the place. */
export function printProblems(text: string, problems: readonly Problem[]): string {
  const sorted = problems.toSorted((a, b) => a.at - b.at);
  return sorted.map((problem) => printProblem(text, problem)).join('\n');
}

function printProblem(text: string, { at, message }: Problem): string {
  const before = text.slice(0, at).split('\n');
  const column = [...(before.at(-1) ?? '')].length;
  const line = (text.split('\n')[before.length - 1] ?? '').replaceAll('\t', ' ');
  return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line}\n | ${'.'.repeat(column)}^`;
}
