import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert, AlertSpec, EventSource } from '#crds';
import type { Event } from '../event/event.ts';
import { matchingSources, matchLabels, matchMessage, Patterns } from './match.ts';

function alertOf(spec: Partial<AlertSpec>): Alert {
  return {
    apiVersion: 'notification.toolkit.fluxcd.io/v1beta3',
    kind: 'Alert',
    metadata: { name: 'alert', namespace: 'apps' },
    spec: { providerRef: { name: 'chat' }, eventSources: [{ kind: 'Kustomization', name: '*' }], ...spec },
  };
}

const event: Event = {
  involvedObject: { kind: 'Kustomization', namespace: 'apps', name: 'web' },
  severity: 'info',
  timestamp: '',
  message: 'Health check passed',
  reason: 'ReconciliationSucceeded',
  reportingController: 'kustomize-controller',
};

const source = (fields: Partial<EventSource>): EventSource => ({ kind: 'Kustomization', name: 'web', ...fields });

for (const c of [
  { name: 'kind and name', source: source({}), matches: true },
  { name: 'another kind', source: source({ kind: 'GitRepository' }), matches: false },
  { name: 'another name', source: source({ name: 'we' }), matches: false },
  { name: 'any name', source: source({ name: '*' }), matches: true },
  { name: 'a pattern for a name, which is none', source: source({ name: 'w*' }), matches: false },
  { name: 'another API version, which does not count', source: source({ apiVersion: 'x/v9' }), matches: true },
  { name: 'the namespace', source: source({ namespace: 'apps' }), matches: true },
  { name: 'an empty namespace', source: source({ namespace: '' }), matches: true },
  { name: 'another namespace', source: source({ namespace: 'other' }), matches: false },
  { name: 'an asterisk for a namespace, which is no wildcard', source: source({ namespace: '*' }), matches: false },
]) {
  test(`a source with ${c.name} ${c.matches ? 'matches' : 'does not match'}`, () => {
    assert.equal(matchingSources(alertOf({ eventSources: [c.source] }), event).length, c.matches ? 1 : 0);
  });
}

for (const c of [
  { alert: 'info', event: 'info', matches: true },
  { alert: 'info', event: 'error', matches: true },
  { alert: 'info', event: 'trace', matches: true },
  { alert: 'error', event: 'error', matches: true },
  { alert: 'error', event: 'info', matches: false },
] as const) {
  test(`an alert for ${c.alert} ${c.matches ? 'takes' : 'does not take'} an event of severity ${c.event}`, () => {
    const sources = matchingSources(alertOf({ eventSeverity: c.alert }), { ...event, severity: c.event });
    assert.equal(sources.length > 0, c.matches);
  });
}

test('a suspended alert takes nothing', () => {
  assert.deepEqual(matchingSources(alertOf({ suspend: true }), event), []);
});

for (const c of [
  { name: 'no lists', spec: {}, matches: true },
  { name: 'an inclusion that matches inside', spec: { inclusionList: ['check'] }, matches: true },
  { name: 'one inclusion of two', spec: { inclusionList: ['nothing', 'passed$'] }, matches: true },
  { name: 'no inclusion that matches', spec: { inclusionList: ['^check'] }, matches: false },
  { name: 'an exclusion', spec: { exclusionList: ['passed'] }, matches: false },
  { name: 'both: exclusion wins', spec: { inclusionList: ['.*'], exclusionList: ['Health'] }, matches: false },
  { name: 'a flag at the start, as in Go', spec: { inclusionList: ['(?i)^HEALTH'] }, matches: true },
  { name: 'an end of text, as in Go', spec: { inclusionList: ['passed\\z'] }, matches: true },
  { name: 'a Unicode class, as in Go', spec: { inclusionList: ['^\\pL+\\s'] }, matches: true },
  { name: 'an ASCII class, as in Go', spec: { inclusionList: ['^[[:upper:]][[:lower:]]+ '] }, matches: true },
  { name: 'letters in another case', spec: { inclusionList: ['health'] }, matches: false },
]) {
  test(`a message is ${c.matches ? 'taken' : 'refused'} by ${c.name}`, () => {
    assert.deepEqual(matchMessage(alertOf(c.spec), event.message, new Patterns()), {
      matches: c.matches,
      problems: [],
    });
  });
}

for (const c of [
  { name: 'an inclusion of only bad patterns takes nothing', spec: { inclusionList: ['(?=x)'] }, matches: false },
  { name: 'a bad inclusion beside a good one', spec: { inclusionList: ['[', 'Health'] }, matches: true },
  { name: 'a bad exclusion excludes nothing', spec: { exclusionList: ['a(b'] }, matches: true },
]) {
  test(`${c.name}, and is told`, () => {
    const { matches, problems } = matchMessage(alertOf(c.spec), event.message, new Patterns());
    assert.equal(matches, c.matches);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /^failed to compile (in|ex)clusion regex '/);
  });
}

test('a pattern that is slow elsewhere takes linear time', () => {
  const started = performance.now();
  matchMessage(alertOf({ inclusionList: ['^(a+)+$'] }), `${'a'.repeat(20_000)}!`, new Patterns());
  assert.ok(performance.now() - started < 2000);
});

for (const c of [
  { name: 'the same labels', wanted: { a: '1' }, labels: { a: '1', b: '2' }, matches: true },
  { name: 'another value', wanted: { a: '1' }, labels: { a: '2' }, matches: false },
  { name: 'no labels', wanted: { a: '1' }, labels: undefined, matches: false },
  { name: 'no wishes', wanted: {}, labels: undefined, matches: true },
]) {
  test(`labels: ${c.name} ${c.matches ? 'match' : 'do not match'}`, () => {
    assert.deepEqual(matchLabels([source({ matchLabels: c.wanted })], c.labels), { matches: c.matches, problems: [] });
  });
}

test('labels that no object can have are told', () => {
  assert.equal(matchLabels([source({ matchLabels: { a: 'b c' } })], {}).problems.length, 1);
  assert.equal(matchLabels([source({ matchLabels: { 'A/B/c': 'b' } })], {}).problems.length, 1);
});
