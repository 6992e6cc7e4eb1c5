/** A scalar in the source's own spelling, so that odd ones (`0777`, `~`, `2001-12-14`) can be written. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Value = string | number | boolean | null | Raw | Value[] | Fields;
export interface Fields {
  [name: string]: Value;
}

/** A file of a generated tree: YAML documents that the shrinker can take apart, or plain text. */
export type TreeFile = { readonly docs: readonly Value[] } | { readonly text: string };

/** Paths are relative to the folder of the tree; the build starts in `root`. */
export interface Tree {
  readonly root: string;
  readonly files: ReadonlyMap<string, TreeFile>;
}

export function isFields(value: Value): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Raw);
}

export function fileText(file: TreeFile): string {
  return 'text' in file ? file.text : file.docs.map((doc) => `${block(doc, 0).trimStart()}`).join('---\n');
}

const plainSafe = /^[a-zA-Z][\w./-]*$/;
const ambiguous = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

function inline(value: Value): string {
  if (value instanceof Raw) return value.text;
  if (typeof value === 'string') return plainSafe.test(value) && !ambiguous.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (isFields(value)) return `{${entries(value).join(', ')}}`;
  return String(value);
}

const entries = (value: Fields): string[] =>
  Object.entries(value).map(([key, item]) => `${inline(key)}: ${inline(item)}`);

/** Block style; ends with a line break. */
function block(value: Value, indent: number): string {
  const margin = ' '.repeat(indent);
  if (Array.isArray(value) && value.length > 0) {
    return value
      .map(
        (item) =>
          `\n${margin}-${isCollection(item) ? block(item, indent + 2).replace(/^\n +/, ' ') : ` ${leaf(item, indent)}`}`,
      )
      .join('')
      .replace(/\n*$/, '\n');
  }
  if (isFields(value) && Object.keys(value).length > 0) {
    return Object.entries(value)
      .map(([key, item]) =>
        `\n${margin}${inline(key)}:${isCollection(item) ? block(item, indent + 2) : ` ${leaf(item, indent)}`}`.replace(
          /\n$/,
          '',
        ),
      )
      .join('')
      .replace(/\n*$/, '\n');
  }
  return `${leaf(value, indent)}\n`;
}

const isCollection = (value: Value): boolean =>
  (Array.isArray(value) && value.length > 0) || (isFields(value) && Object.keys(value).length > 0);

/** Texts of several lines that a literal block can hold are written as one, since people write them so. */
function leaf(value: Value, indent: number): string {
  if (
    typeof value !== 'string' ||
    !/^[^\s#].*\n/.test(value) ||
    !/^[\x20-\x7e\n]*$/.test(value) ||
    !/[^\n]\n?$/.test(value)
  )
    return inline(value);
  const margin = ' '.repeat(indent + 2);
  const lines = value.replace(/\n$/, '').split('\n');
  return `|${value.endsWith('\n') ? '' : '-'}\n${lines.map((line) => (line === '' ? '' : `${margin}${line}`)).join('\n')}`;
}
