/** Who waits for whom: a dependency that becomes ready wakes its dependents at once. */
export class DependencyWaits {
  readonly #waiting = new Map<string, ReadonlyMap<string, boolean>>();

  /**
   * Must be told before the dependencies are looked at: what changes afterwards wakes the dependent.
   * @param dependencies for each whether any change of it may matter, as with a `readyExpr`
   */
  begin(dependent: string, dependencies: ReadonlyMap<string, boolean>): void {
    if (dependencies.size === 0) this.#waiting.delete(dependent);
    else this.#waiting.set(dependent, dependencies);
  }

  end(dependent: string): void {
    this.#waiting.delete(dependent);
  }

  /** Keys of those whom a change of a dependency concerns; `unblocks`: it became ready, or ready for more. */
  dependentsOf(dependency: string, unblocks: boolean): readonly string[] {
    return [...this.#waiting].flatMap(([dependent, dependencies]) => {
      const anyChange = dependencies.get(dependency);
      return anyChange === undefined || !(unblocks || anyChange) ? [] : [dependent];
    });
  }
}
