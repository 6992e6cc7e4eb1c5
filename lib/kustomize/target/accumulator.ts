import { TransformerConfig } from '../config/transformer-config.ts';
import type { Variable } from '../kustomization/schema.ts';
import { ResMap } from '../resource/res-map.ts';

/** What a kustomization and those below it have gathered so far. */
export class Accumulator {
  readonly map: ResMap = new ResMap();
  config: TransformerConfig = TransformerConfig.empty;
  readonly variables: Variable[] = [];

  merge(other: Accumulator): void {
    this.map.appendAll(other.map.resources);
    this.config = this.config.merge(other.config);
    this.variables.push(...other.variables);
  }
}
