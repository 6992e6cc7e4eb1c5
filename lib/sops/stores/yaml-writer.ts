import { blockScalar, inlineScalar, isBase60, isSimpleKey, ScalarNode } from '#kustomize';
import { Branch, Comment, type Entry, List, type Scalar, Timestamp, type Value } from '../tree.ts';

const step = 4;

/** YAML as SOPS writes it (go-yaml v3, four spaces): block style only, comments before what they belong to. */
export function writeYaml(branch: Branch): string {
  if (branch.entries.length === 0) return `${commentLines(branch.items.filter(isComment), 0)}{}\n`;
  return writeBranch(branch, 0);
}

function isComment(item: unknown): item is Comment {
  return item instanceof Comment;
}

function commentLines(comments: readonly Comment[], indent: number): string {
  return comments.map(({ text }) => `${' '.repeat(indent)}#${text}\n`).join('');
}

/** The next column below one that is a multiple of the step. */
function below(indent: number): number {
  return step * Math.floor((indent + step) / step);
}

function writeBranch(branch: Branch, indent: number): string {
  let out = '';
  let pending: Comment[] = [];
  for (const item of branch.items) {
    if (isComment(item)) pending.push(item);
    else {
      const [inline, head] = inlineOf(pending, item.value);
      out += commentLines(head, indent) + ' '.repeat(indent) + entry(item, indent, inline);
      pending = [];
    }
  }
  return out + commentLines(pending, indent);
}

/** The comment that stays behind a scalar, and those that stand above. */
function inlineOf(comments: readonly Comment[], value: Value): readonly [Comment | undefined, readonly Comment[]] {
  const inline = comments.filter((comment) => comment.inline);
  const [only] = inline;
  const fits = only !== undefined && inline.length === 1 && !(value instanceof Branch) && !(value instanceof List);
  return fits ? [only, comments.filter((comment) => comment !== only)] : [undefined, comments];
}

function entry({ key, value }: Entry, indent: number, inline: Comment | undefined): string {
  const start = isSimpleKey(key)
    ? `${inlineScalar(stringNode(key), false, true)}:`
    : `? ${line(blockScalar(stringNode(key), below(indent), step), undefined)}${' '.repeat(indent)}:`;
  if (value instanceof Branch && value.entries.length > 0) return `${start}\n${writeBranch(value, below(indent))}`;
  if (value instanceof List && value.items.some((item) => !isComment(item))) {
    return `${start}\n${writeList(value, below(indent))}`;
  }
  return `${start} ${line(leaf(value, below(indent)), inline)}`;
}

function writeList(list: List, indent: number): string {
  let out = '';
  let pending: Comment[] = [];
  for (const item of list.items) {
    if (isComment(item)) {
      pending.push(item);
      continue;
    }
    const [inline, head] = inlineOf(pending, item);
    out += writeItem(item, indent, head, inline);
    pending = [];
  }
  return out + commentLines(pending, indent);
}

/** The comments that a mapping or list begins with stand above its dash. */
function writeItem(item: Value, indent: number, head: readonly Comment[], inline: Comment | undefined): string {
  const dash = `${' '.repeat(indent)}- `;
  if (item instanceof Branch && item.entries.length > 0) {
    const first = item.items.findIndex((inner) => !isComment(inner));
    const above = item.items.slice(0, first).filter(isComment);
    const body = writeBranch(new Branch(item.items.slice(first)), indent + 2);
    return `${commentLines([...head, ...above], indent)}${dash}${body.slice(indent + 2)}`;
  }
  if (item instanceof List && item.items.some((inner) => !isComment(inner))) {
    const first = item.items.findIndex((inner) => !isComment(inner));
    const above = item.items.slice(0, first).filter(isComment);
    const body = writeList(new List(item.items.slice(first)), indent + 2);
    return `${commentLines([...head, ...above], indent)}${dash}${body.slice(indent + 2)}`;
  }
  return `${commentLines(head, indent)}${dash}${line(leaf(item, indent + 2), inline)}`;
}

/** Ends the line of a scalar; the comment of a block scalar stands behind its header. */
function line(text: string, inline: Comment | undefined): string {
  const ended = text.endsWith('\n') ? text : `${text}\n`;
  return inline === undefined ? ended : ended.replace('\n', () => ` #${inline.text}\n`);
}

function leaf(value: Value, indent: number): string {
  if (value instanceof Branch) return '{}';
  if (value instanceof List) return '[]';
  return blockScalar(nodeOf(value), indent, step);
}

function nodeOf(value: Scalar): ScalarNode {
  if (value === null) return new ScalarNode('null', '!!null');
  if (value instanceof Timestamp) return new ScalarNode(value.text, '!!timestamp');
  if (value instanceof Uint8Array) return new ScalarNode(Buffer.from(value).toString('base64'), '!!binary');
  switch (typeof value) {
    case 'string':
      return stringNode(value);
    case 'boolean':
      return new ScalarNode(String(value), '!!bool');
    case 'bigint':
      return new ScalarNode(String(value), '!!int');
    case 'number':
      return floatNode(value);
  }
}

const yaml11Words: ReadonlySet<string> = new Set('y Y yes Yes YES on On ON n N no No NO off Off OFF'.split(' '));

/** Words that YAML 1.1 takes for booleans and base-60 numbers are quoted although YAML 1.2 knows them as texts. */
function stringNode(text: string): ScalarNode {
  if (text === '<<') return new ScalarNode(text, '!!merge');
  return new ScalarNode(text, '!!str', yaml11Words.has(text) || isBase60(text) || text === '' ? 'double' : 'plain');
}

/** Go's shortest `%g`. One without a fraction prints as an integer does, so that its tag would be written. */
function floatNode(value: number): ScalarNode {
  if (Number.isNaN(value)) return new ScalarNode('.nan', '!!float');
  if (!Number.isFinite(value)) return new ScalarNode(value > 0 ? '.inf' : '-.inf', '!!float');
  const [mantissa = '0', exponent = '0'] = Math.abs(value).toExponential().split('e');
  const power = Number(exponent);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (power < -4 || power >= 6) {
    const digits = String(Math.abs(power)).padStart(2, '0');
    return new ScalarNode(`${sign}${mantissa}e${power < 0 ? '-' : '+'}${digits}`, '!!float');
  }
  const text = sign + String(Math.abs(value));
  return new ScalarNode(text, text.includes('.') ? '!!float' : '!!int');
}
