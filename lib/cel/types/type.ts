/** Static types of CEL. `dyn` is whatever comes; `variable` is a type parameter to be found out. */
export type Type =
  | { readonly kind: 'dyn' | 'error' }
  | { readonly kind: 'simple'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  /** `list`, `map`, `optional_type` and `type`, which `parameters` tell apart. */
  | { readonly kind: 'generic'; readonly name: string; readonly parameters: readonly Type[] };

export const dyn: Type = { kind: 'dyn' };
export const errorType: Type = { kind: 'error' };
const simple = (name: string): Type => ({ kind: 'simple', name });
export const bool: Type = simple('bool');
export const int: Type = simple('int');
export const uint: Type = simple('uint');
export const double: Type = simple('double');
export const string: Type = simple('string');
export const bytes: Type = simple('bytes');
export const nullType: Type = simple('null_type');
export const timestamp: Type = simple('google.protobuf.Timestamp');
export const duration: Type = simple('google.protobuf.Duration');
export const list = (item: Type): Type => ({ kind: 'generic', name: 'list', parameters: [item] });
export const map = (key: Type, value: Type): Type => ({ kind: 'generic', name: 'map', parameters: [key, value] });
export const optional = (value: Type): Type => ({ kind: 'generic', name: 'optional_type', parameters: [value] });
export const typeOf = (type: Type): Type => ({ kind: 'generic', name: 'type', parameters: [type] });
export const parameter = (name: string): Type => ({ kind: 'variable', name });

/** As cel-go prints a type. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case 'dyn':
      return 'dyn';
    case 'error':
      return '!error!';
    case 'simple':
    case 'variable':
      return type.name;
    case 'generic':
      return type.parameters.length === 0
        ? type.name
        : `${type.name}(${type.parameters.map((inner) => typeText(inner)).join(', ')})`;
  }
}

export function sameType(a: Type, b: Type): boolean {
  if (a.kind === 'generic' && b.kind === 'generic') {
    return a.name === b.name && a.parameters.every((type, i) => sameType(type, b.parameters[i] ?? errorType));
  }
  return a.kind === b.kind && ('name' in a ? 'name' in b && a.name === b.name : true);
}
