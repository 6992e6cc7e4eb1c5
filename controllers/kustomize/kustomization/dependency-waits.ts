/** Who waits for whom: a dependency that becomes ready wakes its dependents at once. */
export class DependencyWaits {
  readonly #waiting = new Map<string, ReadonlySet<string>>();

  /** Must be told before the dependencies are looked at: what changes afterwards wakes the dependent. */
  begin(dependent: string, dependencies: readonly string[]): void {
    if (dependencies.length === 0) this.#waiting.delete(dependent);
    else this.#waiting.set(dependent, new Set(dependencies));
  }

  end(dependent: string): void {
    this.#waiting.delete(dependent);
  }

  /** Keys of those who wait for one that has changed. */
  dependentsOf(dependency: string): readonly string[] {
    return [...this.#waiting].filter(([, dependencies]) => dependencies.has(dependency)).map(([key]) => key);
  }
}
