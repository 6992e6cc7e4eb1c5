import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectId } from '#apply';
import { budgetProblem } from './prune-budget.ts';

const configMaps = (count: number): readonly ObjectId[] =>
  Array.from({ length: count }, (_, i) => ({
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: 'n',
    name: `c${i}`,
  }));
const namespace: ObjectId = { group: '', version: 'v1', kind: 'Namespace', name: 'apps' };
const budget = (text: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  'sluice.dev/prune-budget': text,
  ...more,
});

const cases: readonly {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly stale: readonly ObjectId[];
  readonly want: RegExp | undefined;
}[] = [
  { name: 'no annotation: anything goes', stale: [...configMaps(50), namespace], want: undefined },
  { name: 'within the budget', annotations: budget('3'), stale: configMaps(3), want: undefined },
  {
    name: 'over the budget',
    annotations: budget('2'),
    stale: configMaps(3),
    want: /^3 objects would be deleted, expected at most 2 /,
  },
  { name: 'a share of the inventory', annotations: budget('20%'), stale: configMaps(2), want: undefined },
  { name: 'over the share', annotations: budget('20%'), stale: configMaps(3), want: /expected at most 2/ },
  {
    name: 'a protected kind within the budget',
    annotations: budget('9'),
    stale: [namespace],
    want: /^Namespace\/apps would be deleted/,
  },
  {
    name: 'protection waived',
    annotations: budget('9', { 'sluice.dev/prune-protected': 'false' }),
    stale: [namespace],
    want: undefined,
  },
  { name: 'a budget that is none', annotations: budget('few'), stale: configMaps(1), want: /^cannot read annotation/ },
  {
    name: 'an approval of other objects',
    annotations: budget('0', { 'sluice.dev/prune-approved': '000000000000' }),
    stale: configMaps(1),
    want: /ConfigMap\/n\/c0$/,
  },
];
for (const { name, annotations = {}, stale, want } of cases)
  test(`budgetProblem: ${name}`, () => {
    const problem = budgetProblem({ metadata: { name: 'k', annotations } }, stale, 10);
    if (want === undefined) assert.equal(problem, undefined);
    else assert.match(problem ?? '', want);
  });

test('budgetProblem: the digest in the message approves exactly these objects', () => {
  const problem = budgetProblem({ metadata: { name: 'k', annotations: budget('0') } }, configMaps(2), 10);
  const digest = /prune-approved: "([0-9a-f]+)"/.exec(problem ?? '')?.[1] ?? '';
  const annotations = budget('0', { 'sluice.dev/prune-approved': digest });
  assert.equal(budgetProblem({ metadata: { name: 'k', annotations } }, configMaps(2).toReversed(), 10), undefined);
  assert.notEqual(budgetProblem({ metadata: { name: 'k', annotations } }, configMaps(3), 10), undefined);
});
