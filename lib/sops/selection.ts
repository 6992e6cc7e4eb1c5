import { RE2JS } from 're2js';

/** Which values of a document are encrypted; SOPS allows one rule a document. */
export interface SelectionRule {
  readonly kind:
    | 'unencryptedSuffix'
    | 'encryptedSuffix'
    | 'unencryptedRegex'
    | 'encryptedRegex'
    | 'unencryptedCommentRegex'
    | 'encryptedCommentRegex';
  readonly text: string;
}

export type Selected = 'encrypted' | 'plain' | 'either';

/** Says of a place whether its value is encrypted. Patterns are Go's, so that none can be slow. */
export function selection(rule: SelectionRule): (path: readonly string[]) => Selected {
  switch (rule.kind) {
    case 'unencryptedSuffix':
      return (path) => (path.some((key) => key.endsWith(rule.text)) ? 'plain' : 'encrypted');
    case 'encryptedSuffix':
      return (path) => (path.some((key) => key.endsWith(rule.text)) ? 'encrypted' : 'plain');
    case 'unencryptedRegex': {
      const matches = matcher(rule.text);
      return (path) => (path.some(matches) ? 'plain' : 'encrypted');
    }
    case 'encryptedRegex': {
      const matches = matcher(rule.text);
      return (path) => (path.some(matches) ? 'encrypted' : 'plain');
    }
    // The comments that decide are lost once a manifest has been built, so each value speaks for itself.
    case 'unencryptedCommentRegex':
    case 'encryptedCommentRegex':
      return () => 'either';
  }
}

/** A pattern that does not compile matches nothing, as in SOPS. */
function matcher(pattern: string): (key: string) => boolean {
  const known = new Map<string, boolean>();
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch {
    return () => false;
  }
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = compiled.matcher(key).find();
    known.set(key, found);
    return found;
  };
}
