/**
 * What the programs use of @kubernetes/client-node: reading a kubeconfig. The package as a whole loads every generated model
 * and API class (88 MB and half a second at start), so the bundles take its parts by file.
 */
export { KubeConfig } from '@kubernetes/client-node/dist/config.js';
export { Watch } from '@kubernetes/client-node/dist/watch.js';
export { loadYaml } from '@kubernetes/client-node/dist/yaml.js';

/** The operator base class makes one at construction and hands it to methods that are overridden. */
export class CoreV1Api {}
