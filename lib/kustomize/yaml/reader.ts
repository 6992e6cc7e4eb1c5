import { type Budget, Composer } from './composer.ts';
import { YamlError, type YamlErrorCode } from './error.ts';
import { type Node, ScalarNode } from './node.ts';
import type { Dialect } from './scalars.ts';
import type { SourceComment } from './scanner.ts';
import { SyntaxFailure } from './syntax-failure.ts';

export interface Limits {
  /** Longest text that is read, in UTF-16 code units. */
  readonly maxLength: number;
  /** Deepest nesting of collections. */
  readonly maxDepth: number;
  /** Most nodes of one call, those that aliases copy included; a node takes about 200 bytes of memory. */
  readonly maxNodes: number;
  /** Most of these that aliases and merge keys may copy. */
  readonly maxCopies: number;
}
export interface ReadOptions {
  /** Names the source in errors. */
  readonly path?: string;
  readonly limits?: Partial<Limits>;
}

const DEFAULT_LIMITS: Limits = { maxLength: 64 << 20, maxDepth: 1000, maxNodes: 1_000_000, maxCopies: 200_000 };

/**
 * The documents of a resource file, as kustomize reads them: aliases and `<<` expanded, empty documents left out.
 * @throws YamlError
 */
export function readDocuments(text: string, options: ReadOptions = {}): Node[] {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  checkLength(text, limits, options.path);
  const budget: Budget = { nodesLeft: limits.maxNodes, copiesLeft: limits.maxCopies };
  const nodes: Node[] = [];
  let linesBefore = 0;
  for (const document of splitDocuments(text, options.path)) {
    const node = compose(document, 'v3', limits, budget, options.path);
    if (node?.kind === 'map') node.linesBefore = linesBefore;
    if (node !== undefined && !(node.kind === 'scalar' && node.tag === '!!null')) nodes.push(node);
    linesBefore += lineAt(document, document.length); // and the separator between them
  }
  return nodes;
}

export interface CommentedDocument {
  readonly root: Node;
  /** In the order of the source; lines count from the start of this document, as those of its nodes do. */
  readonly comments: readonly SourceComment[];
}

/**
 * The same with the comments of each document.
 * @throws YamlError
 */
export function readDocumentsWithComments(text: string, options: ReadOptions = {}): CommentedDocument[] {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  checkLength(text, limits, options.path);
  const budget: Budget = { nodesLeft: limits.maxNodes, copiesLeft: limits.maxCopies };
  const documents: CommentedDocument[] = [];
  for (const document of splitDocuments(text, options.path)) {
    const comments: SourceComment[] = [];
    const root = compose(document, 'v3', limits, budget, options.path, comments);
    if (root !== undefined && !(root.kind === 'scalar' && root.tag === '!!null')) documents.push({ root, comments });
  }
  return documents;
}

/**
 * The first document with YAML 1.1 scalars: kustomization files, transformer configurations, JSON6902 patches in YAML.
 * An empty text reads as null. Of duplicate keys the last wins.
 * @throws YamlError
 */
export function readYamlV2(text: string, options: ReadOptions = {}): Node {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  checkLength(text, limits, options.path);
  const budget: Budget = { nodesLeft: limits.maxNodes, copiesLeft: limits.maxCopies };
  return compose(text, 'v2', limits, budget, options.path) ?? new ScalarNode('', '!!null');
}

function checkLength(text: string, limits: Limits, path: string | undefined): void {
  if (text.length <= limits.maxLength) return;
  throw new YamlError(
    'limit',
    `yaml: document has ${text.length} characters, expected at most ${limits.maxLength}`,
    0,
    path,
  );
}

const SEPARATOR = /\n---.*\n/g;

/**
 * kustomize cuts a file into documents before it parses: at every line that starts with `---`, wherever that stands.
 * The file's first line is left to the parser.
 */
function splitDocuments(text: string, path: string | undefined): string[] {
  const source = text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
  if (!source.includes('\n---')) return source === '' ? [] : [source];
  const documents: string[] = [];
  let from = 0;
  for (const match of source.matchAll(SEPARATOR)) {
    const separator = match[0];
    const rest = separator.slice(4).trim();
    if (rest !== '' && !rest.startsWith('#')) {
      throw new YamlError(
        'separator',
        `invalid document separator: ${separator.trim()}`,
        lineAt(source, match.index + 1),
        path,
      );
    }
    documents.push(source.slice(from, match.index + 1));
    from = match.index + separator.length;
  }
  documents.push(source.slice(from));
  return documents;
}

function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** What go-yaml's reader lets through: no controls but tab and breaks, no lone surrogates, no U+FFFE and U+FFFF. */
const REFUSED = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

function compose(
  text: string,
  dialect: Dialect,
  limits: Limits,
  budget: Budget,
  path: string | undefined,
  comments?: SourceComment[],
): Node | undefined {
  const refused = REFUSED.exec(text);
  if (refused !== null) {
    throw new YamlError('syntax', 'yaml: control characters are not allowed', lineAt(text, refused.index), path);
  }
  try {
    return new Composer(text, dialect, limits.maxDepth, budget, comments).document();
  } catch (error) {
    if (error instanceof SyntaxFailure) throw describe(error, dialect, path);
    throw error;
  }
}

/** go-yaml names the 0-based line for parser errors, so one too low, and leaves out a line that is 0. */
function describe(failure: SyntaxFailure, dialect: Dialect, path: string | undefined): YamlError {
  const { origin, contextLine, problemLine, message } = failure;
  if (origin === 'composer') {
    const code = composerCode(message);
    return new YamlError(code, code === 'merge' ? message : `yaml: ${message}`, problemLine + 1, path);
  }
  const [first, second] = dialect === 'v3' ? [contextLine, problemLine] : [problemLine, contextLine];
  const named = first !== 0 ? first : second;
  const where = named === 0 ? '' : `line ${origin === 'scanner' ? named + 1 : named}: `;
  const code = message.startsWith('exceeded max depth') ? 'limit' : 'syntax';
  return new YamlError(code, `yaml: ${where}${message}`, problemLine + 1, path);
}

function composerCode(message: string): YamlErrorCode {
  if (message.includes('already defined at line')) return 'duplicateKey';
  if (message.includes('merge')) return 'merge';
  if (message.startsWith('cannot decode')) return 'value';
  return message.includes('anchor ') ? 'alias' : 'limit';
}
