/** What the scanner and the parser throw; the reader turns it into a YamlError in go-yaml's words. */
export class SyntaxFailure extends Error {
  readonly origin: 'scanner' | 'parser' | 'composer';
  /** 0-based line where the construct began. */
  readonly contextLine: number;
  /** 0-based line where it went wrong. */
  readonly problemLine: number;

  constructor(origin: 'scanner' | 'parser' | 'composer', problem: string, contextLine: number, problemLine: number) {
    super(problem);
    this.origin = origin;
    this.contextLine = contextLine;
    this.problemLine = problemLine;
  }
}
