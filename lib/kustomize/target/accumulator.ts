import { TransformerConfig } from '../config/transformer-config.ts';
import { ResMap } from '../resource/res-map.ts';
import { Variables } from '../vars/variables.ts';

/** What a kustomization and those below it have gathered so far. */
export class Accumulator {
  readonly map: ResMap = new ResMap();
  config: TransformerConfig = TransformerConfig.empty;
  readonly variables: Variables = new Variables();

  /** kustomize puts what a component returns into a new accumulator; field specs that cover each other may clash then. */
  mergeAgain(): void {
    this.map.requireRegistrable();
    this.config = TransformerConfig.empty.merge(this.config);
  }

  merge(other: Accumulator): void {
    this.map.appendAll(other.map.resources);
    this.config = this.config.merge(other.config);
    this.variables.merge(other.variables);
  }
}
