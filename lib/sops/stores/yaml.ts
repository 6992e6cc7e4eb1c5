import { readDocumentsWithComments, YamlError } from '#kustomize';
import { SopsError } from '../error.ts';
import { decodeUtf8, type Store } from './store.ts';
import { treeOf } from './yaml-reader.ts';
import { writeYaml } from './yaml-writer.ts';

const limits = { maxLength: 16 << 20, maxDepth: 500, maxNodes: 300_000, maxCopies: 50_000 };

/** YAML with comments; a file may hold several documents. */
export const yamlStore: Store = {
  read(content) {
    try {
      return readDocumentsWithComments(decodeUtf8(content), { limits }).map(({ root, comments }) => {
        if (root.kind === 'map') return treeOf(root, comments);
        const what = root.kind === 'seq' ? 'sequences' : 'values';
        throw new SopsError('malformed', `YAML documents that are ${what} are not supported`);
      });
    } catch (error) {
      if (error instanceof YamlError) throw asSopsError(error);
      throw error;
    }
  },
  print: (branches) => Buffer.from(branches.map(writeYaml).join('---\n')),
};

/** What is wrong with a value is said with the value, which may be a secret. */
function asSopsError(error: YamlError): SopsError {
  const quotes = error.code === 'value' || error.code === 'merge' || error.code === 'separator';
  return new SopsError('malformed', quotes ? `yaml: line ${error.line}: a value does not fit its tag` : error.message);
}
