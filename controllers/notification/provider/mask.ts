/** Shorter texts are everywhere, and no secrets. */
const shortest = 4;
const mask = '*****';

/**
 * Everything that an error text must not show of some secret values: each whole and trimmed, as a header and as a URL would
 * carry it, and of a URL its path, query and credentials (the path of a chat's webhook is what makes it secret).
 */
export function secretTexts(values: readonly string[]): readonly string[] {
  const texts = values.flatMap((value) => {
    const trimmed = value.trim();
    return [value, trimmed, encodeURIComponent(trimmed), ...partsOfUrl(trimmed)];
  });
  // Longer ones first: one may be part of another.
  return [...new Set(texts)].filter((text) => text.length >= shortest).toSorted((a, b) => b.length - a.length);
}

function partsOfUrl(text: string): readonly string[] {
  const url = /^[a-z]+:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null) return [];
  const { pathname, search, username, password } = url;
  return [url.href, pathname + search, pathname, search.slice(1), ...url.searchParams.values(), username, password];
}

/** The text with every secret masked, however it came in. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, mask), text);
}
