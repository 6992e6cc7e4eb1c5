/** Says which files of a chart folder stay out of the chart. */
export type HelmIgnore = (path: string, isFolder: boolean) => boolean;

interface Rule {
  readonly negate: boolean;
  readonly folderOnly: boolean;
  readonly matches: (path: string) => boolean;
}

/**
 * Reads `.helmignore`. Its rules are Helm's, not git's: a pattern with a slash is for the whole path, `**` is not known, and a
 * negated pattern leaves out everything that it does not match.
 */
export function parseHelmIgnore(text: string): HelmIgnore {
  const lines = ['templates/.?*', ...text.split(/\r?\n/)];
  const rules = lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseRule);
  return (path, isFolder) =>
    rules.some((rule) => {
      const fits = rule.matches(path);
      if (rule.negate) return (rule.folderOnly && !isFolder) || !fits;
      return fits && (isFolder || !rule.folderOnly);
    });
}

function parseRule(line: string): Rule {
  const negate = line.startsWith('!');
  const unsigned = negate ? line.slice(1) : line;
  const folderOnly = unsigned.endsWith('/');
  const body = folderOnly ? unsigned.slice(0, -1) : unsigned;
  if (body.startsWith('/')) {
    const glob = compile(body.slice(1));
    return { negate, folderOnly, matches: (path) => glob.test(path) };
  }
  const glob = compile(body);
  return {
    negate,
    folderOnly,
    matches: body.includes('/')
      ? (path) => glob.test(path)
      : (path) => glob.test(path.slice(path.lastIndexOf('/') + 1)),
  };
}

/** Go's filepath.Match: no star crosses a slash. */
function compile(glob: string): RegExp {
  const source = glob.replace(
    /\[(\^?)([^\]]*)\]|\\(.)|([*?])|([.+^${}()|[\]\\/])/g,
    (_whole, not, set, escaped, wild, special) => {
      if (set !== undefined) return `[${not}${String(set).replaceAll('\\', '\\\\')}]`;
      if (escaped !== undefined) return `\\${escaped}`.replace(/^\\([A-Za-z0-9])$/, '$1');
      if (wild !== undefined) return wild === '*' ? '[^/]*' : '[^/]';
      return `\\${special}`;
    },
  );
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return /^(?!)/; // a pattern that is none matches nothing
  }
}
