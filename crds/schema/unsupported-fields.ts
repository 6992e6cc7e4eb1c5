import type { AnySchema } from './schema.ts';

/**
 * Paths of the fields that are set although their behaviour is not built yet, such as `spec.verify` or, where only a value is
 * missing, `spec.type "rocket"`. A marked field is named once, without what is inside it.
 */
export function unsupportedFieldsOf(schema: AnySchema, value: unknown, path: string): readonly string[] {
  const { comesLater, fields, items } = schema;
  if (comesLater?.when(value)) {
    if (schema.json.enum) return [`${path} "${String(value)}"`];
    return [comesLater.what === undefined ? path : `${path} (${comesLater.what})`];
  }
  if (items && Array.isArray(value)) {
    return value.flatMap((item, index) => unsupportedFieldsOf(items, item, `${path}[${index}]`));
  }
  if (!fields || typeof value !== 'object' || value === null) return [];
  const given = new Map(Object.entries(value));
  return Object.entries(fields).flatMap(([name, field]) =>
    unsupportedFieldsOf(field, given.get(name), `${path}.${name}`),
  );
}
