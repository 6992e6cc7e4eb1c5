/**
 * The YAML reader and printer against the real `kustomize`: generated fragments, many to a build, and every YAML file
 * of the corpus as the only resource of a kustomization. `YAML_PARITY_SEED` and `YAML_PARITY_COUNT` (fragments a
 * generator) widen the search.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Oracle } from './yaml-oracle.ts';
import { generators } from './yaml-generators.ts';

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
