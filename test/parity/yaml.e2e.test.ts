/**
 * The YAML reader and printer against the real `kustomize`: generated fragments, many to a build, and every YAML file
 * of the corpus as the only resource of a kustomization. `YAML_PARITY_SEED` and `YAML_PARITY_COUNT` (fragments a
 * generator) widen the search.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Oracle, printAll } from './yaml-oracle.ts';
import { generators, mutatedDocuments } from './yaml-generators.ts';

const seed = Number(process.env['YAML_PARITY_SEED'] ?? 1);
const count = Number(process.env['YAML_PARITY_COUNT'] ?? 1500);

const oracle = await Oracle.find();

for (const [name, generate] of Object.entries(generators)) {
  test(`prints ${name} as kustomize does`, { skip: oracle === undefined ? 'no kustomize binary' : false }, async () => {
    assert.ok(oracle !== undefined);
    const fragments = generate(seed, count);
    const differences = await oracle.compare(fragments);
    assert.deepEqual(differences.slice(0, 20), [], `${differences.length} of ${fragments.length} fragments differ`);
  });
}

test('refuses broken documents with the words of kustomize', {
  skip: oracle === undefined ? 'no kustomize binary' : false,
}, async () => {
  assert.ok(oracle !== undefined);
  const differences: unknown[] = [];
  for (const text of mutatedDocuments(seed, Math.ceil(count / 5))) {
    const theirs = await oracle.build(text);
    const ours = printAll(text);
    if (isAboutResources(theirs.text)) continue;
    const same = theirs.ok ? theirs.text === ours.text : !ours.ok && theirs.text.includes(essence(ours.text));
    if (!same) differences.push({ text, kustomize: theirs.text, ours: ours.text });
  }
  assert.deepEqual(differences.slice(0, 10), [], `${differences.length} differ`);
});

/** Refused for what the engine checks, not the reader. */
function isAboutResources(message: string): boolean {
  return /missing metadata.name|missing kind|missing Resource metadata|unable to set|already registered id/.test(
    message,
  );
}

function essence(message: string): string {
  return message.replace(/^yaml: unmarshal errors:\n/, '').trim();
}
