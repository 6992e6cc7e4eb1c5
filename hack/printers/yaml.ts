import { stringify } from 'yaml';

const note =
  '# Printed by hack/printers from crds/ and hack/printers/rbac-rules.ts. Change those, then run: node hack/printers/main.ts\n';

/** One or more documents, readable by YAML 1.1 parsers (kubectl's) and 1.2 ones alike, with a note on where they come from. */
export function printedYaml(...documents: readonly object[]): string {
  const print = (document: object): string =>
    stringify(document, { version: '1.1', lineWidth: 120, aliasDuplicateObjects: false, indentSeq: false });
  return note + documents.map(print).join('---\n');
}
