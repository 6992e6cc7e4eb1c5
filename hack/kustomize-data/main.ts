/**
 * Writes lib/kustomize/data/*.ts from the data files of kustomize's Go modules (`go mod download` fetches them): the default
 * field specs, the table of known scopes, the legacy order, and the merge keys of the Kubernetes OpenAPI document.
 * Run: node hack/kustomize-data/main.ts [module cache folder]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { compileMergeSchema } from '../../lib/kustomize/data/merge-schema.ts';
import { readDefinitions } from './openapi-protobuf.ts';

const apiModule = 'sigs.k8s.io/kustomize/api@v0.21.1';
const kyamlModule = 'sigs.k8s.io/kustomize/kyaml@v0.21.1';
const openApiVersion = 'v1_21_2';

const cache = process.argv[2] ?? execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim();
const source = (path: string): string => readFileSync(join(cache, path), 'utf8');
const output = (name: string): string => join(import.meta.dirname, '../../lib/kustomize/data', name);
const header = (from: string): string =>
  `// Printed by hack/kustomize-data/main.ts from ${from} (Apache-2.0). Do not edit.\n`;

function write(name: string, from: string, body: string): void {
  writeFileSync(output(name), `${header(from)}${body}`);
  console.log(`wrote ${output(name)}`);
}

/** The constants are YAML texts in Go raw strings, one per file; some end with the shared list of label paths. */
function fieldSpecs(): Record<string, unknown> {
  const folder = `${apiModule}/internal/konfig/builtinpluginconsts`;
  const raw = (file: string): string => {
    const body = /`([^`]*)`/.exec(source(`${folder}/${file}.go`))?.[1];
    if (body === undefined) throw new Error(`cannot read field specs of ${file}.go: it holds no raw string`);
    return body;
  };
  const sharedLabels = raw('metadatalabels');
  const files = [
    'nameprefix',
    'namesuffix',
    'namespace',
    'commonannotations',
    'varreference',
    'namereference',
    'images',
  ];
  const texts = [...files, 'replicas'].map(raw);
  texts.push(raw('commonlabels') + sharedLabels, raw('templatelabels') + sharedLabels);
  return Object.assign({}, ...texts.map((text) => load(text)));
}

function scopes(): Record<string, boolean> {
  const rows = source(`${kyamlModule}/openapi/openapi.go`).matchAll(
    /\{APIVersion: "([^"]+)", Kind: "([^"]+)"\}:\s+(true|false)/g,
  );
  return Object.fromEntries(
    [...rows].map(([, apiVersion, kind, namespaced]) => [`${apiVersion}|${kind}`, namespaced === 'true']),
  );
}

function legacyOrder(name: string): string[] {
  const text = source(`${apiModule}/internal/builtins/SortOrderTransformer.go`);
  const list = new RegExp(`var ${name} = \\[\\]string\\{([^}]*)\\}`).exec(text)?.[1];
  if (list === undefined) throw new Error(`cannot find ${name} in SortOrderTransformer.go`);
  return [...list.matchAll(/"(\w+)"/g)].flatMap(([, kind]) => (kind === undefined ? [] : [kind]));
}

const json = (value: unknown): string => JSON.stringify(value, null, 1);

write(
  'default-field-specs.ts',
  apiModule,
  `import type { TransformerConfigData } from '../config/transformer-config.ts';\n\nexport const defaultFieldSpecs: TransformerConfigData = ${json(fieldSpecs())};\n`,
);
write(
  'kinds.ts',
  `${kyamlModule} and ${apiModule}`,
  `/** Whether a kind of Kubernetes 1.21 lives in a namespace, by \`apiVersion|kind\`. */\nexport const namespacedKinds: Readonly<Record<string, boolean>> = ${json(scopes())};\n\n/** Kinds that the legacy order puts first. */\nexport const legacyFirst: readonly string[] = ${json(legacyOrder('defaultOrderFirst'))};\n\n/** Kinds that the legacy order puts last. */\nexport const legacyLast: readonly string[] = ${json(legacyOrder('defaultOrderLast'))};\n`,
);
const document = readFileSync(join(cache, `${kyamlModule}/openapi/kubernetesapi/${openApiVersion}/swagger.pb`));
write(
  'kubernetes-merge-schema.ts',
  `${kyamlModule}, kubernetesapi/${openApiVersion}`,
  `import type { MergeSchema } from './merge-schema.ts';\n\nexport const kubernetesMergeSchema: MergeSchema = ${JSON.stringify(compileMergeSchema(readDefinitions(document)))};\n`,
);
