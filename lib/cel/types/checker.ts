import type { Problem } from '../error.ts';
import { formatProblem } from '../functions/format.ts';
import { type Call, type Comprehension, type Node, qualifiedName, type Select } from '../syntax/ast.ts';
import { childrenOf } from '../syntax/size.ts';
import { typeName, type Value } from '../value.ts';
import { functions, type Overload, typeNames } from './declarations.ts';
import { Substitution } from './substitution.ts';
import { bool, dyn, errorType, list, map, optional, sameType, type Type, typeOf, typeText } from './type.ts';

export interface Checked {
  readonly type: Type;
  readonly problems: readonly Problem[];
}

/** Finds the type of an expression, and whatever of it cannot work. */
export function check(root: Node, variables: ReadonlyMap<string, Type>): Checked {
  const checker = new Checker(variables);
  const type = checker.typeOf(root);
  if (checker.problems.length === 0) {
    checker.requireHomogeneous(root, false);
    checker.checkFormats();
  }
  return { type: checker.final(type), problems: checker.problems };
}

class Checker {
  readonly problems: Problem[] = [];
  readonly #substitution = new Substitution();
  readonly #types = new Map<Node, Type>();
  readonly #formats: Call[] = [];
  #scope: ReadonlyMap<string, Type>;

  constructor(variables: ReadonlyMap<string, Type>) {
    this.#scope = variables;
  }

  final(type: Type): Type {
    return this.#substitution.apply(type, true);
  }

  typeOf(node: Node): Type {
    const type = this.#find(node);
    this.#types.set(node, type);
    return type;
  }

  #find(node: Node): Type {
    switch (node.kind) {
      case 'constant':
        return constantType(node.value);
      case 'identifier':
        return this.#named(node.name) ?? this.#undeclared(node.at, node.name);
      case 'select':
        return this.#select(node);
      case 'call':
        return this.#call(node);
      case 'list':
        return list(
          this.#joined(node.items.map(({ value, optional: isOptional }) => this.#element(value, isOptional))),
        );
      case 'map':
        return map(
          this.#joined(node.entries.map(({ key }) => this.typeOf(key))),
          this.#joined(node.entries.map(({ value, optional: isOptional }) => this.#element(value, isOptional))),
        );
      case 'message':
        return this.#undeclared(node.at, node.name);
      case 'comprehension':
        return this.#comprehension(node);
    }
  }

  #named(name: string): Type | undefined {
    const variable = this.#scope.get(name.replace(/^\./, ''));
    if (variable !== undefined) return variable;
    const type = typeNames.get(name);
    return type === undefined ? undefined : typeOf(type);
  }

  #undeclared(at: number, name: string): Type {
    return this.#problem(at, `undeclared reference to '${name}' (in container '')`);
  }

  #problem(at: number, message: string): Type {
    this.problems.push({ at, message });
    return errorType;
  }

  #element(value: Node, isOptional: boolean): Type {
    const type = this.typeOf(value);
    if (!isOptional) return type;
    const inner = this.#unwrapped(type);
    if (inner !== undefined && inner.kind !== 'error') return inner;
    this.#problem(value.at, `expected type '${this.#text(optional(type))}' but found '${this.#text(type)}'`);
    return type;
  }

  /** What an optional holds; undefined when the type is none. */
  #unwrapped(type: Type): Type | undefined {
    const known = this.#substitution.apply(type, false);
    if (known.kind === 'dyn' || known.kind === 'error') return known;
    return known.kind === 'generic' && known.name === 'optional_type' ? known.parameters[0] : undefined;
  }

  #joined(types: readonly Type[]): Type {
    let joined: Type | undefined;
    for (const type of types) joined = joined === undefined ? type : (this.#substitution.join(joined, type) ?? dyn);
    return joined ?? this.#substitution.newVariable();
  }

  #select(node: Select): Type {
    const qualified = node.test ? undefined : qualifiedName(node);
    const named = qualified === undefined ? undefined : this.#named(qualified);
    if (named !== undefined) return named;
    const field = this.#field(this.typeOf(node.operand), node.at);
    return node.test ? bool : field;
  }

  #field(operand: Type, at: number): Type {
    const type = this.#substitution.apply(operand, false);
    const inner = type.kind === 'generic' && type.name === 'optional_type' ? type.parameters[0] : undefined;
    if (inner !== undefined) return optional(this.#field(inner, at));
    if (type.kind === 'variable') this.#substitution.unify([dyn], [type]);
    if (type.kind !== 'generic' && type.kind !== 'simple') return dyn;
    const value = type.kind === 'generic' && type.name === 'map' ? type.parameters[1] : undefined;
    if (value === undefined) this.#problem(at, `type '${problemText(type)}' does not support field selection`);
    return value ?? dyn;
  }

  #call(node: Call): Type {
    if (node.name === '_?._') return this.#optionalField(node);
    if (node.name === '_&&_' || node.name === '_||_') return this.#logical(node);
    if (node.name === 'format') this.#formats.push(node);
    const prefix = node.target === undefined ? undefined : qualifiedName(node.target);
    const qualified = prefix === undefined ? undefined : functions.get(`${prefix}.${node.name}`);
    if (qualified !== undefined)
      return this.#resolve({ ...node, name: `${prefix}.${node.name}` }, qualified, undefined);
    const target = node.target === undefined ? undefined : this.typeOf(node.target);
    const overloads = functions.get(node.name);
    if (overloads === undefined) {
      for (const arg of node.args) this.typeOf(arg);
      return this.#undeclared(node.at, node.name);
    }
    return this.#resolve(node, overloads, target);
  }

  #logical(node: Call): Type {
    const fits = node.args.map((arg) => this.#require(arg, bool));
    return fits.every(Boolean) ? bool : errorType;
  }

  #require(node: Node, wanted: Type): boolean {
    const type = this.typeOf(node);
    if (this.#substitution.unify([wanted], [type])) return true;
    this.#problem(node.at, `expected type '${this.#text(wanted)}' but found '${this.#text(type)}'`);
    return false;
  }

  #optionalField(node: Call): Type {
    const [operand] = node.args;
    const type = operand === undefined ? dyn : this.typeOf(operand);
    return optional(this.#field(this.#unwrapped(type) ?? type, node.at));
  }

  #resolve(node: Call, overloads: readonly Overload[], target: Type | undefined): Type {
    const args = node.args.map((arg) => this.typeOf(arg));
    const actual = target === undefined ? args : [target, ...args];
    let result: Type | undefined;
    for (const overload of overloads) {
      if (overload.isMember !== (target !== undefined)) continue;
      const fresh = new Map<string, Type>();
      const parameters = overload.parameters.map((type) => this.#substitution.instantiate(type, fresh));
      const returned = this.#substitution.instantiate(overload.result, fresh);
      if (!this.#substitution.unify(actual, parameters)) continue;
      const found = this.#substitution.apply(returned, false);
      if (result === undefined) result = found;
      else if (result.kind !== 'dyn' && !sameType(found, result)) result = dyn;
    }
    return result ?? this.#noOverload(node, actual, target !== undefined);
  }

  #noOverload(node: Call, actual: readonly Type[], isMember: boolean): Type {
    const texts = actual.map((type) => this.#text(type));
    const signature = isMember ? `${texts[0] ?? ''}.(${texts.slice(1).join(', ')})` : `(${texts.join(', ')})`;
    return this.#problem(node.at, `found no matching overload for '${node.name}' applied to '${signature}'`);
  }

  #comprehension(node: Comprehension): Type {
    const range = this.#substitution.apply(this.typeOf(node.range), false);
    const accumulated = this.typeOf(node.init);
    const item = this.#itemOf(range, node.range);
    const outer = this.#scope;
    const withAccumulator = new Map([...outer, [node.accumulator, accumulated]]);
    this.#scope = new Map([...withAccumulator, [node.variable, item]]);
    this.#require(node.condition, bool);
    this.#require(node.step, accumulated);
    this.#scope = withAccumulator;
    const result = this.typeOf(node.result);
    this.#scope = outer;
    return this.#substitution.apply(result, false);
  }

  #itemOf(range: Type, { at }: Node): Type {
    if (range.kind === 'generic' && (range.name === 'list' || range.name === 'map')) return range.parameters[0] ?? dyn;
    if (range.kind === 'dyn' || range.kind === 'error' || range.kind === 'variable') {
      this.#substitution.unify([dyn], [range]);
      return dyn;
    }
    const what = problemText(range);
    return this.#problem(
      at,
      `expression of type '${what}' cannot be range of a comprehension (must be list, map, or dynamic)`,
    );
  }

  #text(type: Type): string {
    return problemText(this.final(type));
  }

  /** Literals of lists and maps hold one type each, exactly; what is formatted may be mixed. */
  requireHomogeneous(node: Node, isExempt: boolean): void {
    if (node.kind === 'list' && !isExempt) {
      this.#requireSame(node.items.map(({ value, optional: isOptional }) => ({ node: value, isOptional })));
    }
    if (node.kind === 'map' && !isExempt) this.#requireSameEntries(node);
    const inFormat = isExempt || (node.kind === 'call' && node.name === 'format');
    for (const child of childrenOf(node)) this.requireHomogeneous(child, inFormat);
  }

  /** Looks at formats and their arguments where both are written out. */
  checkFormats(): void {
    for (const { at, target, args } of this.#formats) {
      const [list] = args;
      if (target?.kind !== 'constant' || typeof target.value !== 'string' || list?.kind !== 'list') continue;
      const types = list.items.map(({ value }) =>
        typeText(this.final(this.#types.get(value) ?? dyn)).replace(/\(.*/, ''),
      );
      const problem = formatProblem(target.value, types);
      if (problem === undefined) continue;
      const place = problem.argument === undefined ? undefined : list.items[problem.argument]?.value.at;
      this.#problem(place ?? at, problem.message);
    }
  }

  #requireSameEntries({ entries }: Node & { kind: 'map' }): void {
    this.#requireSame(entries.map(({ key }) => ({ node: key, isOptional: false })));
    this.#requireSame(entries.map(({ value, optional: isOptional }) => ({ node: value, isOptional })));
  }

  #requireSame(elements: readonly { readonly node: Node; readonly isOptional: boolean }[]): void {
    let first: Type | undefined;
    for (const { node, isOptional } of elements) {
      const whole = this.final(this.#types.get(node) ?? dyn);
      const type = isOptional ? (this.#unwrapped(whole) ?? whole) : whole;
      first ??= type;
      if (sameType(first, type)) continue;
      this.#problem(node.at, `expected type '${problemText(first)}' but found '${problemText(type)}'`);
    }
  }
}

/** In messages cel-go calls some types by other names. */
function problemText(type: Type): string {
  if (type.kind === 'generic' && type.parameters.length > 0)
    return `${type.name}(${type.parameters.map(problemText).join(', ')})`;
  return problemNames[typeText(type)] ?? typeText(type);
}

const problemNames: Readonly<Record<string, string>> = {
  null_type: 'null',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
};

function constantType(value: Value): Type {
  return typeNames.get(typeName(value)) ?? dyn;
}
