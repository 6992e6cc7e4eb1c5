import { SemVer } from 'semver';
import { GitError } from './git-error.ts';

/** A tag name that is a version. */
export interface TagVersion {
  readonly tag: string;
  readonly version: SemVer;
}

/**
 * Reads a tag as a version: at least three parts, a `v` before it and zeros before numbers are fine (source spec 3.1).
 * Undefined when it is none.
 */
export function parseTagVersion(tag: string): TagVersion | undefined {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)((?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$/.exec(tag);
  if (parts === null) return undefined;
  const [, major, minor, patch, rest = ''] = parts;
  try {
    return { tag, version: new SemVer(`${Number(major)}.${Number(minor)}.${Number(patch)}${rest}`) };
  } catch {
    return undefined;
  }
}

/** The tags with the highest version in a range; several when they differ in build metadata only. */
export function highestInRange(tags: readonly string[], range: string): readonly TagVersion[] {
  const accepts = parseRange(range);
  let best: TagVersion[] = [];
  for (const tag of tags) {
    const candidate = parseTagVersion(tag);
    if (candidate === undefined || !accepts(candidate.version)) continue;
    const order = best[0] === undefined ? 1 : candidate.version.compare(best[0].version);
    if (order > 0) best = [candidate];
    else if (order === 0) best.push(candidate);
  }
  return best;
}

interface Bound {
  readonly accepts: (version: SemVer) => boolean;
  readonly namesPrerelease: boolean;
}

/**
 * A range as Masterminds' semver (which Flux uses) reads it; npm's differs in commas, `!=`, `=>` and in prereleases: here one
 * comparator of an and-group that names a prerelease lets them into the whole group.
 * @throws GitError 'noMatch' for a range that does not parse
 */
export function parseRange(range: string): (version: SemVer) => boolean {
  const groups = range.split('||').map((group) => parseGroup(group, range));
  return (version) =>
    groups.some((bounds) => {
      if (version.prerelease.length > 0 && !bounds.some((bound) => bound.namesPrerelease)) return false;
      return bounds.every((bound) => bound.accepts(version));
    });
}

const number = '(?:\\d+|[xX*])';
const versionPattern = `v?(${number})(?:\\.(${number}))?(?:\\.(${number}))?(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?`;
const hyphenPattern = new RegExp(`(?<![^\\s,])${versionPattern}\\s+-\\s+${versionPattern}(?![^\\s,])`, 'g');
const comparatorPattern = new RegExp(`^(=|!=|>=|=>|<=|=<|>|<|~>|~|\\^)?\\s*${versionPattern}$`);

function parseGroup(group: string, range: string): readonly Bound[] {
  const spelledOut = group.replace(hyphenPattern, (text) => {
    const [from = '', to = ''] = text.split(/\s+-\s+/);
    return `>=${from} <=${to}`;
  });
  // An operator may stand apart from its version.
  const words = spelledOut
    .replace(/([<>=!~^]+)\s+/g, '$1')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  if (words.length === 0) throw badRange(range);
  return words.map((word) => parseComparator(word, range));
}

interface Partial {
  readonly from: SemVer;
  /** How many of major, minor, patch were given. */
  readonly parts: 0 | 1 | 2 | 3;
}

function parseComparator(word: string, range: string): Bound {
  const match = comparatorPattern.exec(word);
  if (match === null) throw badRange(range);
  const [, operator = '', major, minor, patch, prerelease = ''] = match;
  const given = [major, minor, patch];
  const wild = given.findIndex((part) => part === undefined || /^[xX*]$/.test(part));
  const parts = partsOf(wild);
  const numbers = given.map((part, index) => (index < parts ? Number(part) : 0));
  let from: SemVer;
  try {
    from = new SemVer(`${numbers.join('.')}${prerelease}`);
  } catch {
    throw badRange(range);
  }
  return { accepts: comparison(operator, { from, parts }), namesPrerelease: prerelease !== '' };
}

function partsOf(wild: number): Partial['parts'] {
  return wild === 0 ? 0 : wild === 1 ? 1 : wild === 2 ? 2 : 3;
}

function comparison(operator: string, wanted: Partial): (version: SemVer) => boolean {
  const { from, parts } = wanted;
  const next = parts === 3 ? undefined : above(from, parts);
  const within = (version: SemVer, end: SemVer | undefined): boolean =>
    version.compare(from) >= 0 && (end === undefined || isBelow(version, end));
  switch (operator) {
    case '>':
      // `>1.2` means above every 1.2.x.
      return (version) => (parts === 3 ? version.compare(from) > 0 : next !== undefined && !isBelow(version, next));
    case '<':
      return (version) => version.compare(from) < 0;
    case '>=':
    case '=>':
      return (version) => version.compare(from) >= 0;
    case '<=':
    case '=<':
      return (version) => (parts === 3 ? version.compare(from) <= 0 : next === undefined || isBelow(version, next));
    case '!=':
      return (version) => (parts === 3 ? version.compare(from) !== 0 : !within(version, next));
    case '^':
      return (version) => within(version, caretEnd(wanted));
    case '~':
    case '~>':
      return (version) => within(version, parts === 0 ? undefined : above(from, parts === 1 ? 1 : 2));
    default:
      return (version) => (parts === 3 ? version.compare(from) === 0 : within(version, next));
  }
}

/** Releases only: 2.0.0-rc.1 is not below the end 2.0.0. */
function isBelow(version: SemVer, end: SemVer): boolean {
  return version.compareMain(end) < 0;
}

/** The first version after all that share the first `parts` numbers. */
function above(from: SemVer, parts: 0 | 1 | 2): SemVer | undefined {
  if (parts === 0) return undefined;
  return parts === 1 ? new SemVer(`${from.major + 1}.0.0`) : new SemVer(`${from.major}.${from.minor + 1}.0`);
}

/** `^` lets the numbers change that follow the first one that is not zero. */
function caretEnd({ from, parts }: Partial): SemVer | undefined {
  if (parts === 0) return undefined;
  if (from.major > 0 || parts === 1) return new SemVer(`${from.major + 1}.0.0`);
  if (from.minor > 0 || parts === 2) return new SemVer(`0.${from.minor + 1}.0`);
  return new SemVer(`0.0.${from.patch + 1}`);
}

function badRange(range: string): GitError {
  return new GitError('noMatch', `semver parse error: improper constraint: ${range}`);
}
