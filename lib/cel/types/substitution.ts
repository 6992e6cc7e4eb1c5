import { dyn, parameter, sameType, type Type } from './type.ts';

type Bindings = ReadonlyMap<string, Type>;

/** What is known of type variables so far. Rules and their order are those of cel-go's checker, which decide odd cases. */
export class Substitution {
  #bindings: Map<string, Type> = new Map();
  #count = 0;

  newVariable(): Type {
    this.#count += 1;
    return parameter(`_var${this.#count}`);
  }

  /** The type with fresh variables in place of its parameters; the same parameter gets the same variable. */
  instantiate(type: Type, fresh: Map<string, Type>): Type {
    if (type.kind === 'generic') {
      return { ...type, parameters: type.parameters.map((inner) => this.instantiate(inner, fresh)) };
    }
    if (type.kind !== 'variable') return type;
    const known = fresh.get(type.name) ?? this.newVariable();
    fresh.set(type.name, known);
    return known;
  }

  /** The type with all that is known put in; with `final` what is still open becomes `dyn`. */
  apply(type: Type, final: boolean): Type {
    if (type.kind === 'generic')
      return { ...type, parameters: type.parameters.map((inner) => this.apply(inner, final)) };
    if (type.kind !== 'variable') return type;
    const known = this.#bindings.get(type.name);
    if (known !== undefined) return this.apply(known, final);
    return final ? dyn : type;
  }

  /** Whether values of the types may stand for each other, pairwise; remembers what that says about variables. */
  unify(actual: readonly Type[], wanted: readonly Type[]): boolean {
    if (actual.length !== wanted.length) return false;
    const bindings = new Map(this.#bindings);
    if (!actual.every((type, i) => assignable(bindings, type, wanted[i] ?? dyn))) return false;
    this.#bindings = bindings;
    return true;
  }

  /** The type that covers both; undefined when nothing but `dyn` does. */
  join(a: Type, b: Type): Type | undefined {
    return this.unify([a], [b]) ? mostGeneral(a, b) : undefined;
  }
}

function assignable(bindings: Map<string, Type>, a: Type, b: Type): boolean {
  if (b.kind === 'variable') {
    const { fits, bound } = fitsVariable(bindings, a, b);
    if (fits) return true;
    if (bound) return false;
  }
  if (a.kind === 'variable') return fitsVariable(bindings, b, a).fits;
  if (a.kind === 'dyn' || a.kind === 'error' || b.kind === 'dyn' || b.kind === 'error') return true;
  if (a.kind !== 'generic' || b.kind !== 'generic') return isNullable(a, b) || isNullable(b, a) || sameType(a, b);
  if (a.name !== b.name) return false;
  return a.name === 'type' || a.parameters.every((inner, i) => assignable(bindings, inner, b.parameters[i] ?? dyn));
}

/** Null stands for what is a message behind the scenes. */
function isNullable(a: Type, b: Type): boolean {
  if (a.kind !== 'simple' || a.name !== 'null_type') return false;
  return b.kind === 'generic'
    ? b.name === 'optional_type'
    : b.kind === 'simple' && (b.name.startsWith('google.protobuf.') || b.name === 'null_type');
}

function fitsVariable(
  bindings: Map<string, Type>,
  type: Type,
  variable: Type & { kind: 'variable' },
): { readonly fits: boolean; readonly bound: boolean } {
  if (sameType(type, variable)) return { fits: true, bound: true };
  const known = bindings.get(variable.name);
  if (known === undefined) {
    if (isInside(bindings, variable, type)) return { fits: false, bound: false };
    bindings.set(variable.name, type);
    return { fits: true, bound: false };
  }
  if (sameType(type, known)) return { fits: true, bound: true };
  if (!assignable(bindings, type, known)) return { fits: false, bound: true };
  const general = mostGeneral(type, known);
  if (!isInside(bindings, variable, general)) bindings.set(variable.name, general);
  return { fits: true, bound: true };
}

function mostGeneral(a: Type, b: Type): Type {
  return isAtLeastAsGeneral(a, b) ? a : b;
}

function isAtLeastAsGeneral(a: Type, b: Type): boolean {
  if (a.kind === 'dyn' || a.kind === 'variable') return true;
  if (b.kind === 'dyn' || b.kind === 'variable') return false;
  if (a.kind !== 'generic' || b.kind !== 'generic') return sameType(a, b);
  if (a.name !== b.name) return false;
  return a.name === 'type' || a.parameters.every((inner, i) => isAtLeastAsGeneral(inner, b.parameters[i] ?? dyn));
}

/** A type that contained itself would have no end. */
function isInside(bindings: Bindings, variable: Type, type: Type): boolean {
  if (sameType(variable, type)) return true;
  if (type.kind === 'generic') return type.parameters.some((inner) => isInside(bindings, variable, inner));
  const known = type.kind === 'variable' ? bindings.get(type.name) : undefined;
  return known !== undefined && isInside(bindings, variable, known);
}
