/**
 * MB/s of reading and printing manifests, beside two libraries that do less: they neither keep positions and Go's
 * scalars nor print as kustomize does. Usage: node hack/bench/yaml.ts FILE...
 */
import { readFile } from 'node:fs/promises';
import * as jsYaml from 'js-yaml';
import * as yaml from 'yaml';
import { printDocuments, readDocuments } from '../../lib/kustomize/yaml/index.ts';

interface Contestant {
  readonly name: string;
  read(text: string): unknown;
  print(documents: string): () => string;
}

const contestants: readonly Contestant[] = [
  {
    name: 'sluice',
    read: readDocuments,
    print: (text) => {
      const documents = readDocuments(text);
      return () => printDocuments(documents);
    },
  },
  {
    name: 'js-yaml',
    read: (text) => jsYaml.loadAll(text),
    print: (text) => {
      const documents = jsYaml.loadAll(text);
      return () => documents.map((document) => jsYaml.dump(document, { sortKeys: true })).join('---\n');
    },
  },
  {
    name: 'yaml',
    read: (text) => yaml.parseAllDocuments(text),
    print: (text) => {
      const documents = yaml.parseAllDocuments(text);
      return () => documents.map(String).join('---\n');
    },
  },
];

/** Best of a few runs, in MB of `bytes` per second. */
function speed(bytes: number, action: () => unknown): string {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    action();
    best = Math.min(best, performance.now() - start);
  }
  return (bytes / 1000 / best).toFixed(1).padStart(8);
}

for (const file of process.argv.slice(2)) {
  const text = await readFile(file, 'utf8');
  console.log(`${file}: ${(text.length / 1e6).toFixed(2)} MB`);
  for (const { name, read, print } of contestants) {
    const write = print(text);
    const size = write().length;
    console.log(
      `  ${name.padEnd(8)} read ${speed(text.length, () => read(text))} MB/s  print ${speed(size, write)} MB/s`,
    );
  }
}
