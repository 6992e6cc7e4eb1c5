import { CelError, failure } from './error.ts';
import { attempt, GrowingList, isKey, isPresent, noOverload, optionalSelect, type Run, select } from './evaluation.ts';
import { conversions } from './functions/conversion.ts';
import { library } from './functions/library.ts';
import { compilePattern } from './functions/text.ts';
import { Budget, textCost } from './budget.ts';
import { type Call, type Comprehension, type Node, qualifiedName, type Select } from './syntax/ast.ts';
import { functions, typeNames } from './types/declarations.ts';
import { CelList, CelMap, CelOptional, CelType, typeName, type Value } from './value.ts';

/** Variables of the loops around a node; the place in the list is the slot. */
type Scope = readonly string[];

/** What the constants of an expression may cost when it is compiled. */
const constantCost = 100_000;

/** Turns a tree into functions. @throws CelError 'check' for a constant that cannot be converted, or is no pattern */
export function plan(node: Node, scope: Scope = [], label?: string): Run {
  switch (node.kind) {
    case 'constant':
      return constant(node.value);
    case 'identifier':
      return planName(node.name, scope, label ?? node.name);
    case 'select':
      return planSelect(node, scope, label ?? qualifiedName({ ...node, test: false }));
    case 'call':
      return planCall(node, scope);
    case 'list':
      return planList(node, scope);
    case 'map':
      return planMap(node, scope);
    case 'message':
      throw new CelError('check', `unknown type: ${node.name}`);
    case 'comprehension':
      return planLoop(node, scope);
  }
}

/** @param label the whole chain that the name begins, for the message */
function planName(written: string, scope: Scope, label: string): Run {
  const name = written.replace(/^\./, '');
  const slot = scope.lastIndexOf(name);
  if (slot >= 0) {
    return ({ slots }) => {
      const value = slots[slot] ?? null;
      if (value instanceof CelError) throw value;
      return value;
    };
  }
  const type = typeNames.has(name) ? new CelType(name) : undefined;
  return ({ variable }) => {
    const value = variable(name) ?? type;
    if (value === undefined) throw failure(`no such attribute(s): ${label.replace(/^\./, '')}`);
    return value;
  };
}

function planSelect(node: Select, scope: Scope, label: string | undefined): Run {
  const { field, test } = node;
  const qualified = test ? undefined : qualifiedName(node);
  if (qualified !== undefined && typeNames.has(qualified)) {
    const type = new CelType(qualified);
    return () => type;
  }
  const operand = plan(node.operand, scope, label);
  if (test) return (frame) => isPresent(operand(frame), field);
  return (frame) => {
    frame.budget.spend(1);
    return select(operand(frame), field);
  };
}

function planCall(node: Call, scope: Scope): Run {
  const prefix = node.target === undefined ? undefined : qualifiedName(node.target);
  const isQualified = prefix !== undefined && library.has(`${prefix}.${node.name}`);
  const name = isQualified ? `${prefix}.${node.name}` : node.name;
  const nodes = node.target === undefined || isQualified ? node.args : [node.target, ...node.args];
  const args = nodes.map((arg, index) => plan(arg, scope, index === 0 ? optionalChain(node) : undefined));
  return special(name, nodes, args, scope) ?? called(name, nodes, args);
}

/** `a.?b` counts as `a.b` where it is said what is not there. */
function optionalChain({ name, args: [operand, field] }: Call): string | undefined {
  const prefix = name === '_?._' && operand !== undefined ? qualifiedName(operand) : undefined;
  return prefix !== undefined && field?.kind === 'constant' ? `${prefix}.${String(field.value)}` : undefined;
}

function called(name: string, nodes: readonly Node[], args: readonly Run[]): Run {
  const overloads = functions.get(name);
  if (
    overloads === undefined
      ? nodes.length === 0
      : !overloads.some(({ parameters }) => parameters.length === nodes.length)
  )
    throw new CelError('check', 'no such overload');
  const implementation = library.get(name);
  const run: Run = (frame) => {
    frame.budget.spend(1);
    const values = args.map((arg) => arg(frame));
    const result = implementation?.(values, frame.budget);
    if (result === undefined) throw noOverload(name);
    return result;
  };
  const [only] = args;
  return isConversion(name) && only !== undefined && constants.has(only) ? folded(run) : run;
}

function isConversion(name: string): boolean {
  return Object.hasOwn(conversions, name) || name === 'dyn' || name === 'type';
}

/** Functions that need no values given. */
const constants = new WeakMap<Run, Value>();

function constant(value: Value): Run {
  const run = (): Value => value;
  constants.set(run, value);
  return run;
}

/** Done once: what fails on a constant fails for every value given. */
function folded(run: Run): Run {
  try {
    return constant(run({ variable: () => undefined, slots: [], budget: new Budget(constantCost) }));
  } catch (error) {
    throw error instanceof CelError ? new CelError('check', error.message, { cause: error }) : error;
  }
}

/** What does not evaluate all of its arguments, or not as values. */
function special(name: string, nodes: readonly Node[], args: readonly Run[], scope: Scope): Run | undefined {
  const [a, b, c] = args;
  if (a === undefined) return undefined;
  if (args.length === 1) return name === '@not_strictly_false' ? (frame) => attempt(a, frame) !== false : undefined;
  if (b === undefined) return undefined;
  switch (`${name}/${args.length}`) {
    case '_&&_/2':
      return logical(a, b, false);
    case '_||_/2':
      return logical(a, b, true);
    case '_?_:_/3':
      return c === undefined ? undefined : ternary(a, b, c);
    case '_[_]/2':
      refuseKey(constants.get(b));
      return planIndex(a, b, select);
    case '_[?_]/2':
    case '_?._/2':
      refuseKey(constants.get(b));
      return planIndex(a, b, optionalSelect);
    case 'or/2':
      return alternative(a, b, true);
    case 'orValue/2':
      return alternative(a, b, false);
    case 'matches/2':
      return literalPattern(a, nodes[1]);
    case '_+_/2':
      return growth(nodes, scope);
    default:
      return undefined;
  }
}

/** @throws CelError for a constant that no container has as its key */
function refuseKey(key: Value | undefined): void {
  if (key !== undefined && !isKey(key)) throw new CelError('check', `invalid qualifier type: ${typeName(key)}`);
}

/** Of what is not there nothing is looked for: the key is not even evaluated. */
function planIndex(container: Run, key: Run, look: (container: Value, key: Value) => Value): Run {
  return (frame) => {
    frame.budget.spend(1);
    const value = container(frame);
    return value instanceof CelOptional && value.value === undefined ? value : look(value, key(frame));
  };
}

/** The operand that decides may stand on either side, and makes up for a failure on the other. */
function logical(a: Run, b: Run, decides: boolean): Run {
  return (frame) => {
    frame.budget.spend(1);
    const left = attempt(a, frame);
    if (left === decides) return decides;
    const right = attempt(b, frame);
    if (right === decides) return decides;
    if (left instanceof CelError) throw left;
    if (right instanceof CelError) throw right;
    if (typeof left !== 'boolean' || typeof right !== 'boolean') throw failure('no such overload');
    return !decides;
  };
}

function ternary(condition: Run, yes: Run, no: Run): Run {
  return (frame) => {
    const chosen = condition(frame);
    if (typeof chosen !== 'boolean') throw failure('no such overload');
    return chosen ? yes(frame) : no(frame);
  };
}

function alternative(first: Run, other: Run, isOptional: boolean): Run {
  return (frame) => {
    const optional = first(frame);
    if (!(optional instanceof CelOptional)) return optional; // cel-go does not look twice without a type check
    if (optional.value !== undefined) return isOptional ? optional : optional.value;
    return other(frame);
  };
}

function literalPattern(text: Run, pattern: Node | undefined): Run | undefined {
  if (pattern?.kind !== 'constant' || typeof pattern.value !== 'string') return undefined;
  const cost = textCost(pattern.value.length);
  let matches: (text: string) => boolean;
  try {
    matches = compilePattern(pattern.value);
  } catch (error) {
    throw error instanceof CelError ? new CelError('check', error.message, { cause: error }) : error;
  }
  return (frame) => {
    const value = text(frame);
    if (typeof value !== 'string') throw failure('no such overload');
    frame.budget.spend(textCost(value.length) * cost);
    return matches(value);
  };
}

/** `@result + [x]` of a macro adds to the list in place: copied for each item, a list would cost its square. */
function growth([list, item]: readonly Node[], scope: Scope): Run | undefined {
  if (list?.kind !== 'identifier' || !list.name.startsWith('@') || item?.kind !== 'list') return undefined;
  const [added] = item.items;
  const slot = scope.lastIndexOf(list.name);
  if (added === undefined || slot < 0) return undefined;
  const value = plan(added.value, scope);
  return (frame) => {
    const growing = frame.slots[slot];
    if (growing instanceof CelError) throw growing;
    if (!(growing instanceof GrowingList)) throw noOverload('_+_');
    return growing.add(value(frame));
  };
}

function planList({ items }: Node & { kind: 'list' }, scope: Scope): Run {
  const planned = items.map(({ value, optional }) => ({ run: plan(value, scope), optional }));
  const isConstant = planned.every(({ run, optional }) => !optional && constants.has(run));
  const list: Run = (frame) => {
    frame.budget.spend(1 + planned.length);
    const values: Value[] = [];
    for (const { run, optional } of planned) {
      const value = optional ? unwrapped(run(frame)) : run(frame);
      if (value !== undefined) values.push(value);
    }
    return new CelList(values);
  };
  return isConstant ? folded(list) : list;
}

function unwrapped(value: Value): Value | undefined {
  if (value instanceof CelOptional) return value.value;
  throw failure('cannot initialize optional list element from non-optional value');
}

function planMap({ entries }: Node & { kind: 'map' }, scope: Scope): Run {
  const planned = entries.map(({ key, value, optional }) => ({
    key: plan(key, scope),
    value: plan(value, scope),
    optional,
  }));
  const isConstant = planned.every(
    ({ key, value, optional }) => !optional && constants.has(key) && constants.has(value),
  );
  const map: Run = (frame) => {
    frame.budget.spend(1 + planned.length);
    const content: (readonly [Value, Value])[] = [];
    for (const { key, value, optional } of planned) {
      const name = key(frame);
      const given = optional ? unwrapped(value(frame)) : value(frame);
      if (given !== undefined) content.push([name, given]);
    }
    return CelMap.of(content);
  };
  return isConstant ? folded(map) : map;
}

function planLoop(node: Comprehension, scope: Scope): Run {
  const slot = scope.length;
  const inResult = [...scope, node.accumulator];
  const inLoop = [...inResult, node.variable];
  const range = plan(node.range, scope);
  const grows = node.accumulator.startsWith('@') && node.init.kind === 'list';
  const init = grows ? (): Value => new GrowingList() : plan(node.init, scope);
  const condition = plan(node.condition, inLoop);
  const step = plan(node.step, inLoop);
  const result = plan(node.result, inResult);
  return (frame) => {
    const { slots, budget } = frame;
    const items = itemsOf(range(frame));
    // Kept aside: the body of the loop may run loops of the same depth, whose slots are these.
    let accumulated = attempt(init, frame);
    for (const item of items) {
      budget.spend(1);
      slots[slot] = accumulated;
      slots[slot + 1] = item;
      if (condition(frame) !== true) break;
      accumulated = attempt(step, frame);
    }
    slots[slot] = accumulated;
    return result(frame);
  };
}

function itemsOf(range: Value): Iterable<Value> {
  if (range instanceof CelList) return range.items;
  if (range instanceof CelMap) return range.content.keys();
  throw failure(`got '${range === null ? 'null' : typeof range}', expected iterable type`);
}
