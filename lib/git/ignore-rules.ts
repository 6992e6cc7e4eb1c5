import { type IgnorePattern, parseIgnorePattern } from './ignore-pattern.ts';

/** Name of the ignore files that a repository may hold in any folder. */
export const ignoreFileName = '.sourceignore';

const versionControl = ['.git/', '.gitignore', '.gitmodules', '.gitattributes'];
const binaries = ['*.jpg', '*.jpeg', '*.gif', '*.png', '*.wmv', '*.flv', '*.tar.gz', '*.zip'];
const integration = [
  '.github/',
  '.circleci/',
  '.travis.yml',
  '.gitlab-ci.yml',
  'appveyor.yml',
  '.drone.yml',
  'cloudbuild.yaml',
  'codeship-services.yml',
  'codeship-steps.yml',
];
const tools = ['**/.goreleaser.yml', '**/.sops.yaml', '**/.flux.yaml'];

/** Says what stays out of an archive. */
export interface IgnoreRules {
  excludes(path: readonly string[], isFolder: boolean): boolean;
}

/** The patterns in a text: `#` in the first column begins a comment, blank lines say nothing. */
export function parseIgnoreLines(text: string, domain: readonly string[] = []): readonly IgnorePattern[] {
  return text
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#') && line.trim() !== '')
    .map((line) => parseIgnorePattern(line, domain));
}

/**
 * The rules for a tree. Names of version control always stay out; the other defaults only while nobody wrote a pattern (source
 * spec 2.7). The last pattern that speaks about a path decides.
 * @param own patterns of all ignore files, outer folders first, and then those of `spec.ignore`
 */
export function ignoreRules(own: readonly IgnorePattern[]): IgnoreRules {
  const defaults = own.length > 0 ? versionControl : [...versionControl, ...binaries, ...integration, ...tools];
  return rulesOf([...defaults.map((line) => parseIgnorePattern(line, [])), ...own]);
}

/** The rules without any default, as buckets have them: the last pattern that speaks about a path decides. */
export function rulesOf(own: readonly IgnorePattern[]): IgnoreRules {
  const patterns = own.toReversed();
  return {
    excludes: (path, isFolder) => {
      for (const pattern of patterns) {
        const verdict = pattern.verdict(path, isFolder);
        if (verdict !== undefined) return verdict === 'exclude';
      }
      return false;
    },
  };
}
