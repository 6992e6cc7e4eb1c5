import { compileGlob } from './glob.ts';

/** One line of an ignore file, scoped to the folder that holds it. */
export interface IgnorePattern {
  /** `exclude` or `include` when the pattern speaks about this path, else undefined. */
  verdict(path: readonly string[], isFolder: boolean): 'exclude' | 'include' | undefined;
}

/**
 * Reads a line that is not blank and no comment. The rules are go-git's, which Flux uses (source spec 2.7): a pattern that matches a
 * folder matches all below it, each level is judged anew, and so a later `!` brings back what is below an excluded folder.
 * @param domain parts of the folder whose ignore file it is from
 */
export function parseIgnorePattern(line: string, domain: readonly string[]): IgnorePattern {
  const isInclusion = line.startsWith('!');
  const unsigned = isInclusion ? line.slice(1) : line;
  const trimmed = unsigned.endsWith('\\ ') ? unsigned : unsigned.replace(/ +$/, '');
  const folderOnly = trimmed.endsWith('/');
  const body = folderOnly ? trimmed.slice(0, -1) : trimmed;
  const matches = body.includes('/') ? anchoredMatcher(body.split('/'), folderOnly) : nameMatcher(body, folderOnly);
  const verdict = isInclusion ? 'include' : 'exclude';
  return {
    verdict: (path, isFolder) => {
      if (path.length <= domain.length || domain.some((part, index) => path[index] !== part)) return undefined;
      return matches(path.slice(domain.length), isFolder) ? verdict : undefined;
    },
  };
}

type Matcher = (path: readonly string[], isFolder: boolean) => boolean;

/** Without a slash: a name at any depth. */
function nameMatcher(glob: string, folderOnly: boolean): Matcher {
  const matches = compileGlob(glob);
  return (path, isFolder) => {
    const last = path.length - 1;
    // Only the first part that fits is looked at: for `x/` a file x below a folder x is excluded with the folder.
    const at = path.findIndex((part) => matches(part));
    return at !== -1 && !(folderOnly && !isFolder && at === last);
  };
}

type Segment = 'anyFolders' | ((name: string) => boolean);

/** With a slash: from the folder of the ignore file on. `**` goes as far as the first name that fits what follows, not further. */
function anchoredMatcher(parts: readonly string[], folderOnly: boolean): Matcher {
  const segments: Segment[] = [];
  for (const part of parts) {
    if (part === '') {
      // A leading or doubled slash; it ends what a `**` before it may skip.
      if (segments.at(-1) === 'anyFolders') segments.pop();
    } else if (part === '**') segments.push('anyFolders');
    else if (part.includes('**')) segments.push(() => false);
    else segments.push(compileGlob(part));
  }
  return (path, isFolder) => {
    const used = matchedParts(segments, path);
    return used > 0 && !(folderOnly && !isFolder && used === path.length);
  };
}

/** How many parts of the path the segments use up; 0 when they do not fit. */
function matchedParts(segments: readonly Segment[], path: readonly string[]): number {
  let at = 0;
  let skips = false;
  for (const segment of segments) {
    if (segment === 'anyFolders') {
      skips = true;
      continue;
    }
    if (skips) {
      while (at < path.length && !segment(path[at] ?? '')) at++;
      skips = false;
    }
    const part = path[at];
    if (part === undefined || !segment(part)) return 0;
    at++;
  }
  return at;
}
