import { Raw, type Tree, type TreeFile, type Value, isFields } from './tree.ts';

/** Takes away from a tree whatever it can while `fails` holds: files, documents, fields, elements, lines. */
export async function shrink(tree: Tree, fails: (candidate: Tree) => Promise<boolean>, maxTries = 3000): Promise<Tree> {
  let best = tree;
  let tries = 0;
  for (let improved = true; improved; ) {
    improved = false;
    for (const candidate of smaller(best)) {
      if (++tries > maxTries) return best;
      if (!(await fails(candidate))) continue;
      best = candidate;
      improved = true;
      break;
    }
  }
  return best;
}

function* smaller(tree: Tree): Generator<Tree> {
  for (const path of tree.files.keys()) {
    const files = new Map(tree.files);
    files.delete(path);
    if (files.size > 0) yield { ...tree, files };
  }
  for (const [path, file] of tree.files) {
    for (const less of smallerFile(file)) yield { ...tree, files: new Map(tree.files).set(path, less) };
  }
}

function* smallerFile(file: TreeFile): Generator<TreeFile> {
  if ('text' in file) {
    const lines = file.text.split('\n');
    for (let i = 0; i < lines.length; i++) yield { text: lines.toSpliced(i, 1).join('\n') };
    return;
  }
  for (const docs of smallerList(file.docs)) if (docs.length > 0) yield { docs };
}

function* smallerList(list: readonly Value[]): Generator<Value[]> {
  for (let i = 0; i < list.length; i++) yield list.toSpliced(i, 1);
  for (const [i, item] of list.entries()) for (const less of smallerValue(item)) yield list.with(i, less);
}

function* smallerValue(value: Value): Generator<Value> {
  if (Array.isArray(value)) yield* smallerList(value);
  else if (isFields(value)) {
    for (const key of Object.keys(value)) {
      const { [key]: _, ...rest } = value;
      yield rest;
    }
    for (const [key, item] of Object.entries(value)) {
      for (const less of smallerValue(item)) yield { ...value, [key]: less };
    }
  } else if (typeof value === 'string' && value.includes('\n')) {
    const lines = value.split('\n');
    for (let i = 0; i < lines.length; i++) yield lines.toSpliced(i, 1).join('\n');
  } else if (value instanceof Raw && value.text !== 'x') yield 'x';
}
