import { kinds } from '#crds';
import { crdName, crdYaml } from './crd-yaml.ts';
import { rbacFiles } from './rbac-yaml.ts';
import { referencePage } from './reference-page.ts';
import { printedYaml } from './yaml.ts';

/** Every printed file: its path from the root of the repository, and what belongs in it. */
export function printedFiles(): ReadonlyMap<string, string> {
  const all = Object.values(kinds);
  const crdFile = (kind: (typeof all)[number]): string => `${crdName(kind)}.yaml`;
  const crdKustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: all.map(crdFile).toSorted(),
  };
  return new Map([
    ...all.map((kind): [string, string] => [`config/crd/${crdFile(kind)}`, crdYaml(kind)]),
    ['config/crd/kustomization.yaml', printedYaml(crdKustomization)],
    ...[...rbacFiles()].map(([file, content]): [string, string] => [`config/rbac/${file}`, content]),
    ...all.map((kind): [string, string] => [`docs/reference/${kind.singular}.md`, referencePage(kind)]),
  ]);
}

/** Folders in which nothing lies that was not printed. */
export const printedFolders: readonly string[] = ['config/crd', 'config/rbac', 'docs/reference'];

/** What `--check` and the unit test say about the files on disk: stale, missing, or left over from something that is gone. */
export function staleFiles(
  printed: ReadonlyMap<string, string>,
  onDisk: ReadonlyMap<string, string>,
): readonly string[] {
  const stale = [...printed]
    .filter(([path, content]) => onDisk.get(path) !== content)
    .map(([path]) => `${path}: ${onDisk.has(path) ? 'differs from what the printer gives' : 'is missing'}`);
  const leftOver = [...onDisk.keys()].filter((path) => !printed.has(path)).map((path) => `${path}: nothing prints it`);
  return [...stale, ...leftOver];
}
