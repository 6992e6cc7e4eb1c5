import { Raw, type Tree, type TreeFile, type Value, isFields } from './tree.ts';

/** Takes away from a tree whatever it can while `fails` holds: files, documents, fields, elements, lines. */
export async function shrink(tree: Tree, fails: (candidate: Tree) => Promise<boolean>, maxTries = 1500): Promise<Tree> {
  let best = tree;
  let tries = 0;
  for (let improved = true; improved; ) {
    improved = false;
    // After a success the search goes on where it was: what stood before that could not go.
    for (let at = 0; ; ) {
      const candidate = nth(smaller(best), at);
      if (candidate === undefined) break;
      if (++tries > maxTries) return best;
      if (await fails(candidate)) {
        best = candidate;
        improved = true;
      } else at++;
    }
  }
  return best;
}

function nth<T>(items: Iterator<T>, index: number): T | undefined {
  for (let i = 0; ; i++) {
    const { value, done } = items.next();
    if (done === true) return undefined;
    if (i === index) return value;
  }
}

function* smaller(tree: Tree): Generator<Tree> {
  const folders = new Set([...tree.files.keys()].map((path) => path.slice(0, path.indexOf('/'))));
  for (const folder of folders) if (folder !== tree.root) yield without(tree, folder);
  for (const path of tree.files.keys()) if (!path.endsWith('/kustomization.yaml')) yield without(tree, path);
  for (const [path, file] of tree.files) {
    for (const less of smallerFile(file)) yield { ...tree, files: new Map(tree.files).set(path, less) };
  }
}

/** Without a file or folder, and without what names it. */
function without(tree: Tree, gone: string): Tree {
  const name = gone.slice(gone.lastIndexOf('/') + 1);
  const files = new Map<string, TreeFile>();
  for (const [path, file] of tree.files) {
    if (path === gone || path.startsWith(`${gone}/`)) continue;
    const referrer =
      'docs' in file &&
      path.endsWith('/kustomization.yaml') &&
      (!gone.includes('/') || path.startsWith(gone.slice(0, gone.indexOf('/') + 1)));
    files.set(path, referrer ? { docs: file.docs.map((doc) => unmention(doc, name)) } : file);
  }
  return { ...tree, files };
}

function unmention(value: Value, name: string): Value {
  if (Array.isArray(value)) return value.filter((item) => !mentions(item, name)).map((item) => unmention(item, name));
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unmention(item, name)]));
}

function mentions(value: Value, name: string): boolean {
  if (typeof value === 'string') return value === name || value.endsWith(`/${name}`) || value.endsWith(`=${name}`);
  return isFields(value) && value['path'] === name;
}

function* smallerFile(file: TreeFile): Generator<TreeFile> {
  if ('text' in file) {
    const lines = file.text.split('\n');
    if (file.text !== '') for (let i = 0; i < lines.length; i++) yield { text: lines.toSpliced(i, 1).join('\n') };
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
