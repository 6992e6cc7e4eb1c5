import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { recognisedKustomizationNames } from '#kustomize';

/**
 * The manifests below a folder that has no kustomization file: every `.yaml` and `.yml`, hidden ones too, and every folder that
 * has a kustomization file as a whole.
 * @returns paths relative to the folder, in lexical order of each level
 */
export async function scanManifests(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (below: string): Promise<void> => {
    const entries = await readdir(join(folder, below), { withFileTypes: true });
    if (below !== '' && entries.some((entry) => entry.isFile() && recognisedKustomizationNames.includes(entry.name))) {
      found.push(below);
      return;
    }
    for (const entry of entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))) {
      const path = join(below, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile() && /\.ya?ml$/.test(entry.name)) found.push(path);
    }
  };
  await walk('');
  return found;
}
