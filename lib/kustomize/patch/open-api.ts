import { namespacedKinds } from '../data/kinds.ts';
import { kubernetesMergeSchema } from '../data/kubernetes-merge-schema.ts';
import { compileMergeDefinitions, type MergeSchema } from '../data/merge-schema.ts';
import { KustomizeError } from '../error.ts';
import { readYamlV2, toJson, YamlError } from '../yaml/index.ts';

const builtinVersion = 'v1.21.2';
const nothing: MergeSchema = { kinds: {}, definitions: {} };

/**
 * The OpenAPI schema of one build, by which lists merge. It is Kubernetes' own until a kustomization names another, and the
 * first that does wins. Which of both is in force then depends on what was asked before, as in kustomize, where the schema is
 * read when it is first needed: what was read stays, and the custom one comes on top of it.
 */
export class OpenApi {
  private custom: string | undefined = undefined;
  private isSet = false;
  private isRead = true;
  private builtin: 'unread' | 'due' | 'read' = 'unread';
  private merged: MergeSchema = nothing;

  /**
   * The `openapi` field of a kustomization.
   * @param load reads the file that `path` names
   */
  set(fields: ReadonlyMap<string, string>, load: (path: string) => string): void {
    const path = fields.get('path');
    const schema = path === undefined ? undefined : load(path);
    if (this.isSet) return;
    const version = fields.get('version');
    if (schema !== undefined) {
      if (version !== undefined)
        throw new KustomizeError('invalidKustomization', 'builtin version and custom schema provided, cannot use both');
      this.custom = schema;
      this.isRead = false;
      this.isSet = true;
    } else if (version) {
      if (version !== builtinVersion)
        throw new KustomizeError('invalidKustomization', 'the specified OpenAPI version is not built in');
      this.isSet = true;
    }
  }

  /** kustomize looks every kind up in the schema; one that its own table lacks makes it read the schema sooner or later. */
  lookUp(apiVersion: string, kind: string): void {
    if (`${apiVersion}|${kind}` in namespacedKinds) return;
    if (this.custom !== undefined) this.read();
    else if (this.builtin === 'unread') this.builtin = 'due';
  }

  get mergeSchema(): MergeSchema {
    this.read();
    return this.merged;
  }

  private read(): void {
    if (this.custom === undefined) {
      this.merged = kubernetesMergeSchema;
      this.builtin = 'read';
      return;
    }
    if (this.isRead) return;
    this.isRead = true;
    this.merged = overlay(this.builtin === 'read' ? this.merged : nothing, compiled(this.custom));
    if (this.builtin === 'due') {
      this.merged = overlay(this.merged, kubernetesMergeSchema);
      this.builtin = 'read';
    }
  }
}

function overlay(below: MergeSchema, above: MergeSchema): MergeSchema {
  return {
    kinds: { ...below.kinds, ...above.kinds },
    definitions: { ...below.definitions, ...above.definitions },
  };
}

function compiled(text: string): MergeSchema {
  try {
    const document = toJson(readYamlV2(text));
    const isObject = typeof document === 'object' && document !== null && !Array.isArray(document);
    return compileMergeDefinitions(isObject ? document['definitions'] : undefined);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new KustomizeError('invalidKustomization', `invalid schema file: ${error.message}`, { cause: error });
  }
}
