import type { Call, Comprehension, Node } from './ast.ts';
import { SyntaxProblem } from './problem.ts';

/** Not an identifier of CEL, so that no expression can name it. */
const accumulator = '@result';

const notSimple = 'argument must be a simple name';

type Expand = (target: Node, args: readonly Node[], at: number) => Node;

const onTarget: ReadonlyMap<string, Expand> = new Map<string, Expand>([
  ['all/2', quantifier('&&')],
  ['exists/2', quantifier('||')],
  ['exists_one/2', exactlyOne],
  ['map/2', (target, args, at) => mapped(target, args, at)],
  [
    'map/3',
    (target, [variable, filter, transform], at) => mapped(target, [variable, transform].flatMap(present), at, filter),
  ],
  [
    'filter/2',
    (target, [variable, predicate], at) => mapped(target, [variable, variable].flatMap(present), at, predicate),
  ],
  ['optMap/2', (target, args, at) => optionally(target, args, at, (value) => call('optional.of', at, [value]))],
  ['optFlatMap/2', (target, args, at) => optionally(target, args, at, (value) => value)],
]);

/** What a macro stands for; undefined for a plain call. */
export function expandMacro({ name, target, args, at }: Call): Node | undefined {
  if (target !== undefined) return onTarget.get(`${name}/${args.length}`)?.(target, args, at);
  const [field] = args;
  if (name !== 'has' || args.length !== 1 || field === undefined) return undefined;
  if (field.kind !== 'select' || field.test) throw new SyntaxProblem(field.at, 'invalid argument to has() macro');
  return { ...field, at, test: true };
}

function present(node: Node | undefined): readonly Node[] {
  return node === undefined ? [] : [node];
}

function variableName(node: Node | undefined, otherwise = 'argument is not an identifier'): string {
  if (node?.kind !== 'identifier') throw new SyntaxProblem(node?.at ?? 0, otherwise);
  if (node.name === '__result__')
    throw new SyntaxProblem(node.at, 'iteration variable overwrites accumulator variable');
  return node.name;
}

function call(name: string, at: number, args: readonly Node[], target?: Node): Call {
  return { kind: 'call', at, name, target, args };
}

function constant(at: number, value: boolean | bigint): Node {
  return { kind: 'constant', at, value };
}

function loop(
  at: number,
  range: Node,
  variable: string,
  parts: Pick<Comprehension, 'init' | 'condition' | 'step' | 'result'>,
): Node {
  return { kind: 'comprehension', at, range, variable, accumulator, ...parts };
}

/** Goes on past failures, as `&&` and `||` do, until the answer is certain. */
function quantifier(sign: '&&' | '||'): Expand {
  return (target, [variable, predicate], at) => {
    const result: Node = { kind: 'identifier', at, name: accumulator };
    const goesOn = sign === '&&' ? result : call('!_', at, [result]);
    return loop(at, target, variableName(variable, notSimple), {
      init: constant(at, sign === '&&'),
      condition: call('@not_strictly_false', at, [goesOn]),
      step: call(`_${sign}_`, at, [result, ...present(predicate)]),
      result,
    });
  };
}

function exactlyOne(target: Node, [variable, predicate]: readonly Node[], at: number): Node {
  const result: Node = { kind: 'identifier', at, name: accumulator };
  const next = call('_+_', at, [result, constant(at, 1n)]);
  return loop(at, target, variableName(variable, notSimple), {
    init: constant(at, 0n),
    condition: constant(at, true),
    step: call('_?_:_', at, [...present(predicate), next, result]),
    result: call('_==_', at, [result, constant(at, 1n)]),
  });
}

function mapped(target: Node, [variable, transform]: readonly Node[], at: number, filter?: Node): Node {
  const result: Node = { kind: 'identifier', at, name: accumulator };
  const items = present(transform).map((value) => ({ value, optional: false }));
  const longer = call('_+_', at, [result, { kind: 'list', at, items }]);
  return loop(at, target, variableName(variable), {
    init: { kind: 'list', at, items: [] },
    condition: constant(at, true),
    step: filter === undefined ? longer : call('_?_:_', at, [filter, longer, result]),
    result,
  });
}

/** `target.hasValue() ? wrap(expression) : optional.none()`, the variable bound by a loop over nothing. */
function optionally(
  target: Node,
  [variable, expression]: readonly Node[],
  at: number,
  wrap: (value: Node) => Node,
): Node {
  const bound: Comprehension[] = present(expression).map((result) => ({
    kind: 'comprehension',
    at,
    range: { kind: 'list', at, items: [] },
    variable: '#unused',
    accumulator: variableName(variable),
    init: call('value', at, [], target),
    condition: constant(at, false),
    step: { kind: 'identifier', at, name: variableName(variable) },
    result,
  }));
  return call('_?_:_', at, [call('hasValue', at, [], target), ...bound.map(wrap), call('optional.none', at, [])]);
}
