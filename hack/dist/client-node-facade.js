/**
 * What the programs use of @kubernetes/client-node: reading a kubeconfig. The package as a whole loads every generated model
 * and API class (88 MB and half a second at start), so the bundles take its parts by file.
 */
import { load } from 'js-yaml';

export { KubeConfig } from '@kubernetes/client-node/dist/config.js';

/** The package's own one also makes instances of model classes, which brings them all in; plain objects are all we read. */
export const loadYaml = (text) => load(text);

/** The operator base class makes one at construction and hands it to methods that are overridden. */
export class CoreV1Api {}
/** Named by the operator base class in a method that is overridden. */
export class Watch {}
