/** What a registry wants to see, from its `www-authenticate` header. */
export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string; readonly scope: string };

/** The first challenge that we can answer; undefined when there is none. */
export function parseChallenge(header: string): Challenge | undefined {
  const bearer = /(?:^|,\s*)bearer\s+(.*)$/is.exec(header);
  if (bearer !== null) {
    const parameters = new Map(
      [...(bearer[1] ?? '').matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/gi)].map(
        ([, name = '', quoted, plain]) => [name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? ''],
      ),
    );
    const realm = parameters.get('realm') ?? '';
    if (realm !== '') {
      return {
        scheme: 'bearer',
        realm,
        service: parameters.get('service') ?? '',
        scope: parameters.get('scope') ?? '',
      };
    }
  }
  return /(?:^|,\s*)basic\b/i.test(header) ? { scheme: 'basic' } : undefined;
}
