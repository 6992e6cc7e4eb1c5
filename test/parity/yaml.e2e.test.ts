/**
 * The YAML reader and printer against the real `kustomize`: generated fragments, many to a build, and every YAML file
 * of the corpus as the only resource of a kustomization. `YAML_PARITY_SEED` and `YAML_PARITY_COUNT` (fragments a
 * generator) widen the search; `SLUICE_CORPUS` is a folder of manifests.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type Node, print, printV3, readDocuments, toJson } from '../../lib/kustomize/yaml/index.ts';
import { compare, Oracle, printAll, reserialise } from './yaml-oracle.ts';
import { generators, mutatedDocuments } from './yaml-generators.ts';

const seed = Number(process.env['YAML_PARITY_SEED'] ?? 1);
const count = Number(process.env['YAML_PARITY_COUNT'] ?? 1500);

const oracle = await Oracle.find();
const noOracle = oracle === undefined ? 'no kustomize binary' : false;

for (const [name, generate] of Object.entries(generators)) {
  test(`prints ${name} as kustomize does`, { skip: noOracle }, async () => {
    assert.ok(oracle !== undefined);
    const fragments = generate(seed, count);
    const differences = await compare(oracle.resources(), fragments);
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
    if (isIncomparable(theirs.text)) continue;
    const same = theirs.ok ? theirs.text === ours.text : !ours.ok && theirs.text.includes(essence(ours.text));
    if (!same) differences.push({ text, kustomize: theirs.text, ours: ours.text });
  }
  assert.deepEqual(differences.slice(0, 10), [], `${differences.length} differ`);
});

for (const [name, generate] of Object.entries(generators)) {
  test(`reads ${name} of a patch as kustomize does`, { skip: noOracle }, async () => {
    assert.ok(oracle !== undefined);
    // A key `<<` in quotes is lost from a resource, but merged when a patch brings it.
    const fragments = generate(seed, count)
      .filter((fragment) => !fragment.includes('"<<"'))
      .map((fragment) => fragment.replaceAll('\n', '\n  '));
    const differences = await compare(oracle.patchValues(), fragments);
    assert.deepEqual(differences.slice(0, 20), [], `${differences.length} of ${fragments.length} fragments differ`);
  });
}

for (const name of [
  'texts with line breaks',
  'block scalars',
  'flow collections',
  'block collections',
  'plain words',
  'long texts',
]) {
  test(`re-serialises ${name} inside strings as kustomize does`, { skip: noOracle }, async () => {
    assert.ok(oracle !== undefined);
    const fragments = generators[name]?.(seed, Math.ceil(count / 10)) ?? [];
    const texts = fragments
      .map((fragment) => `a:${fragment}\nz: 1\ntarget: old\n`)
      .filter((text) => !/[#!&]|<</.test(text) && withTarget(text) !== undefined);
    assert.ok(texts.length > 0);
    for (let i = 0; i < texts.length; i += 50) await compareReserialised(oracle, texts.slice(i, i + 50));
  });
}

async function compareReserialised(kustomize: Oracle, texts: readonly string[]): Promise<void> {
  const theirs = await reserialise(kustomize, texts);
  assert.ok(theirs.ok || texts.length > 0, theirs.text);
  if (!theirs.ok) {
    // One text that kustomize refuses fails the build of all: halve until it stands alone.
    if (texts.length === 1) return;
    const middle = Math.ceil(texts.length / 2);
    await compareReserialised(kustomize, texts.slice(0, middle));
    await compareReserialised(kustomize, texts.slice(middle));
    return;
  }
  for (const [i, text] of texts.entries())
    assert.equal(withTarget(text), theirs.texts[i]?.trimEnd(), JSON.stringify(text));
}

function isPrintable(root: Node): boolean {
  try {
    toJson(root);
    return true;
  } catch {
    return false;
  }
}

/** Our answer: the text with its target replaced; undefined when it is no text that we read. */
function withTarget(text: string): string | undefined {
  let root: Node | undefined;
  try {
    root = readDocuments(text)[0];
  } catch {
    return undefined;
  }
  const target = root?.kind === 'map' ? root.get('target') : undefined;
  if (root === undefined || target?.kind !== 'scalar' || !isPrintable(root)) return undefined;
  target.value = 'new';
  return printV3(root).trimEnd();
}

const corpus = resolve(process.env['SLUICE_CORPUS'] ?? join(import.meta.dirname, '../../../shared/corpus'));
const noCorpus = noOracle || (existsSync(corpus) ? false : `no corpus at ${corpus}`);

test('prints every resource file of the corpus as kustomize does', { skip: noCorpus, timeout: 240_000 }, async () => {
  assert.ok(oracle !== undefined);
  const files = (await readdir(corpus, { recursive: true })).filter(
    (file) => /\.(ya?ml|json)$/.test(file) && !/kustomization/i.test(file),
  );
  assert.ok(files.length > 0);
  const differences: string[] = [];
  let compared = 0;
  const next = async (): Promise<void> => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) {
      const text = await readFile(join(corpus, file), 'utf8');
      const theirs = await oracle.build(text);
      if (!theirs.ok) continue;
      compared++;
      if (theirs.text !== printLoaded(text)) differences.push(file);
    }
  };
  await Promise.all([next(), next()]);
  assert.deepEqual(differences, []);
  assert.ok(compared > 1000, `only ${compared} files build on their own`);
});

/** What the engine does to every resource that it loads, before it is printed. */
function printLoaded(text: string): string {
  const resources = readDocuments(text).flatMap((node) => {
    const items = node.kind === 'map' && textOf(node.get('kind')).endsWith('List') ? node.get('items') : undefined;
    return items?.kind === 'seq' ? items.items : [node];
  });
  for (const resource of resources) {
    const metadata = resource.kind === 'map' ? resource.get('metadata') : undefined;
    const annotations = metadata?.kind === 'map' ? metadata.get('annotations') : undefined;
    if (metadata?.kind !== 'map' || annotations === undefined) continue;
    if (annotations.kind !== 'map' || annotations.size === 0) metadata.delete('annotations');
    else for (const value of annotations.values) if (value.kind === 'scalar') value.tag = '!!str';
  }
  return resources.map(print).join('---\n');
}

function textOf(node: Node | undefined): string {
  return node?.kind === 'scalar' ? node.value : '';
}

/** Refused for what the engine checks, not the reader; or an anchor that contains itself, which crashes kustomize. */
function isIncomparable(message: string): boolean {
  return /goroutine stack exceeds|missing metadata.name|missing kind|missing Resource metadata|unable to set|already registered id/.test(
    message,
  );
}

function essence(message: string): string {
  return message.replace(/^yaml: unmarshal errors:\n/, '').trim();
}
