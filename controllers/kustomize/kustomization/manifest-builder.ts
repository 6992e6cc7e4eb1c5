import { createHash } from 'node:crypto';
import type { KustomizationSpec } from '#crds';
import { type MapNode, ParseCache, YamlError } from '#kustomize';
import type { DecryptionKeys } from '../decrypt/decryption-keys.ts';
import { DecryptError } from '../decrypt/decrypt-error.ts';
import { type Decrypter, openDecrypter } from '../decrypt/decrypter.ts';
import { type BuiltFolder, buildFolder } from '../generate/build-folder.ts';
import { SubstituteError, substituteResource, substitutes } from '../substitute/substitute-resource.ts';
import type { Variables } from '../substitute/variables.ts';
import { type Manifests, readObjects } from './read-objects.ts';

export interface BuildRequest {
  /** The unpacked artifact. */
  readonly root: string;
  readonly artifactDigest: string;
  /** Path of the kustomization below the root. */
  readonly folder: string;
  readonly spec: KustomizationSpec;
  /** Absent: no post-build step. */
  readonly variables: Variables | undefined;
  /** Absent: nothing is decrypted. */
  readonly keys: DecryptionKeys | undefined;
  readonly signal: AbortSignal;
  /** Gets kustomize's warnings when it builds, a line each. */
  readonly warn?: ((line: string) => void) | undefined;
}

export interface ManifestBuilderOptions {
  readonly strictSubstitution: boolean;
  /** Characters of printed manifests that are remembered. */
  readonly maxRemembered: number;
  /** Characters of source files whose parsed form is remembered. */
  readonly maxParsed: number;
}

/** Builds manifests, and remembers what it built: an interval in which nothing changed costs no build. */
export class ManifestBuilder {
  readonly #options: ManifestBuilderOptions;
  /** Least recently used first. */
  readonly #remembered = new Map<string, Manifests>();
  readonly #parsed: ParseCache;
  #size = 0;

  constructor(options: ManifestBuilderOptions) {
    this.#options = options;
    this.#parsed = new ParseCache(options.maxParsed);
  }

  /** @throws BuildError | DecryptError | SubstituteError | YamlError */
  async build(request: BuildRequest): Promise<Manifests> {
    const key = keyOf(request);
    const known = this.#remembered.get(key);
    if (known !== undefined) {
      this.#remembered.delete(key);
      this.#remembered.set(key, known);
      return known;
    }
    const decrypter = request.keys === undefined ? undefined : await openDecrypter(request.keys, request.signal);
    const built = await this.#resources(request, decrypter);
    const manifests = { ...this.#objects(built, request, decrypter), mask: decrypter?.mask };
    this.#remember(key, manifests);
    return manifests;
  }

  async #resources({ root, folder, spec, warn }: BuildRequest, decrypter: Decrypter | undefined): Promise<BuiltFolder> {
    const built = await buildFolder(root, folder, spec, { cache: this.#parsed, decrypter, warn });
    if (decrypter === undefined) return built;
    const plain: MapNode[] = [];
    for (const resource of built.resources) plain.push(await decrypter.resource(resource));
    return { ...built, resources: plain };
  }

  /** From here on texts may quote what was decrypted. */
  #objects({ resources, places }: BuiltFolder, request: BuildRequest, decrypter: Decrypter | undefined): Manifests {
    try {
      return readObjects(this.#substitute(resources, request), places);
    } catch (error) {
      if (decrypter === undefined || !(error instanceof SubstituteError || error instanceof YamlError)) throw error;
      throw new DecryptError(decrypter.mask(error.message));
    }
  }

  #substitute(resources: readonly MapNode[], { spec, variables }: BuildRequest): readonly MapNode[] {
    if (spec.postBuild === undefined || variables === undefined) return resources;
    if (!substitutes(spec.postBuild, variables)) return resources;
    const options = { strict: this.#options.strictSubstitution };
    return resources.map((resource) => substituteResource(resource, variables, options));
  }

  #remember(key: string, manifests: Manifests): void {
    if (manifests.size > this.#options.maxRemembered / 4) return;
    const before = this.#remembered.get(key);
    if (before !== undefined) this.#size -= before.size;
    this.#remembered.delete(key);
    this.#remembered.set(key, manifests);
    this.#size += manifests.size;
    for (const [oldest, { size }] of this.#remembered) {
      if (this.#size <= this.#options.maxRemembered) break;
      this.#remembered.delete(oldest);
      this.#size -= size;
    }
  }
}

/** Equal for runs that would build the same. */
function keyOf({ artifactDigest, folder, spec, variables, keys }: BuildRequest): string {
  const { targetNamespace, namePrefix, nameSuffix, patches, images, components, ignoreMissingComponents } = spec;
  const parts = [
    artifactDigest,
    folder,
    { targetNamespace, namePrefix, nameSuffix, patches, images, components, ignoreMissingComponents },
    spec.buildMetadata ?? [],
    spec.postBuild ?? {},
    variables?.version ?? '',
    variables?.problem ?? '',
    keys?.version ?? '',
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
