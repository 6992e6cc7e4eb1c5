import type { AnyCustomResource, AnySchema, JsonSchema } from '#crds';

/** The reference of one kind as Markdown: names, columns, every field with type, default, rules and description. */
export function referencePage(kind: AnyCustomResource): string {
  return [
    `# ${kind.kind}: every field`,
    `<!-- Printed by hack/printers from crds/. Change the schema, then run: node hack/printers/main.ts -->`,
    `${kind.description} What the fields do together, with examples: [${kind.kind}](../${kind.singular}.md).`,
    names(kind),
    ...section('spec', kind.spec),
    ...(kind.status ? section('status', kind.status) : ['There is no status.']),
    ...rules(kind),
  ]
    .join('\n\n')
    .concat('\n');
}

function names(kind: AnyCustomResource): string {
  const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');
  const rows = [
    ['apiVersion', code([kind.apiVersion])],
    ['kind, list kind', code([kind.kind, kind.listKind])],
    ['plural, singular', code([kind.plural, kind.singular])],
    ...(kind.shortNames.length > 0 ? [['short name', code(kind.shortNames)]] : []),
    ['categories', code(kind.categories)],
    ['scope', 'namespaced'],
    ['columns of `kubectl get`', kind.columns.map((column) => column.name).join(', ')],
  ];
  return table(['', ''], rows);
}

function section(path: string, schema: AnySchema): readonly string[] {
  const rows = Object.entries(schema.fields ?? {}).map(([name, field]) => [
    `\`${name}\`${field.isOptional ? '' : ' *'}`,
    typeName(field.json),
    field.json.default === undefined ? '' : `\`${JSON.stringify(field.json.default)}\``,
    description(field),
  ]);
  const nested = Object.entries(schema.fields ?? {}).flatMap(([name, field]) => {
    const inner = field.items ?? field;
    if (!inner.fields) return [];
    return section(`${path}.${name}${field.items ? '[]' : ''}`, inner);
  });
  const lead = schema.json.description ? `${schema.json.description} ` : '';
  return [
    `## ${path}`,
    `${lead}\`*\` marks a field that is required.`,
    table(['Field', 'Type', 'Default', 'Meaning'], rows),
    ...nested,
  ];
}

function description(field: AnySchema): string {
  const { comesLater } = field;
  const later = comesLater ? [`**Not built yet${comesLater.what ? `: ${comesLater.what}` : ''}.**`] : [];
  return [field.json.description ?? '', ...limits(field.json), ...later].join(' ');
}

function limits(json: JsonSchema): readonly string[] {
  const length = (least: number | undefined, most: number | undefined): string => {
    if (least !== undefined && most !== undefined) return `${least} to ${most} characters.`;
    if (most !== undefined) return `At most ${most} characters.`;
    return `At least ${least} characters.`;
  };
  const words = json.enum ?? json.items?.enum;
  return [
    ...(words ? [`One of ${words.map((word) => `\`${word}\``).join(', ')}.`] : []),
    ...(json.pattern === undefined ? [] : [`Pattern: \`${json.pattern}\`.`]),
    ...(json.minLength === undefined && json.maxLength === undefined ? [] : [length(json.minLength, json.maxLength)]),
    ...(json.minItems === undefined ? [] : [`Entries: at least ${json.minItems}.`]),
    ...(json.minimum === undefined ? [] : [`At least ${json.minimum}.`]),
  ];
}

function typeName(json: JsonSchema): string {
  if (json.items) return `list of ${typeName(json.items)}s`;
  if (json.additionalProperties) return `map of ${typeName(json.additionalProperties)}s`;
  return json.format === 'date-time' ? 'time' : json.type;
}

function rules(kind: AnyCustomResource): readonly string[] {
  const found = rulesOf('spec', kind.spec);
  if (found.length === 0) return [];
  return [
    '## Rules across fields',
    'The API server refuses an object that breaks one.',
    table(['Where', 'Rule', 'Message'], found),
  ];
}

function rulesOf(path: string, schema: AnySchema): readonly (readonly string[])[] {
  const here = schema.json['x-kubernetes-validations'] ?? [];
  return [
    ...here.map(({ rule, message }) => [`\`${path}\``, `\`${rule}\``, message]),
    ...Object.entries(schema.fields ?? {}).flatMap(([name, field]) => rulesOf(`${path}.${name}`, field.items ?? field)),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
