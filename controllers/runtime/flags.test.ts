import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlagError, parseFeatureGates, parseFlags } from './flags.ts';

const table = {
  'metrics-addr': { type: 'string', default: ':8080', help: 'address', env: 'METRICS_ADDR' },
  concurrent: { type: 'integer', default: 4, help: 'workers' },
  'watch-all-namespaces': { type: 'boolean', default: true, help: 'all' },
  'min-retry-delay': { type: 'duration', default: '750ms', help: 'delay' },
  'override-manager': { type: 'strings', default: [], help: 'managers' },
  'token-cache-max-size': { type: 'integer', default: 100, help: 'tokens', noEffectYet: true },
} as const;

const defaults = {
  'metrics-addr': ':8080',
  concurrent: 4,
  'watch-all-namespaces': true,
  'min-retry-delay': 750,
  'override-manager': [],
  'token-cache-max-size': 100,
};

for (const c of [
  { name: 'gives the defaults', argv: [], want: {} },
  { name: 'reads a value behind an equals sign', argv: ['--concurrent=20'], want: { concurrent: 20 } },
  { name: 'reads a value in the next argument', argv: ['--concurrent', '20'], want: { concurrent: 20 } },
  { name: 'takes a switch without a value as true', argv: ['--watch-all-namespaces'], want: {} },
  {
    name: 'reads a switch that is turned off',
    argv: ['--watch-all-namespaces=false'],
    want: { 'watch-all-namespaces': false },
  },
  { name: 'reads a duration in milliseconds', argv: ['--min-retry-delay=1m30s'], want: { 'min-retry-delay': 90_000 } },
  {
    name: 'gathers a repeated list',
    argv: ['--override-manager=a,b', '--override-manager', 'c'],
    want: { 'override-manager': ['a', 'b', 'c'] },
  },
  {
    name: 'takes the environment as the default',
    argv: [],
    env: { METRICS_ADDR: ':9' },
    want: { 'metrics-addr': ':9' },
  },
  {
    name: 'lets a flag beat the environment',
    argv: ['--metrics-addr=:1'],
    env: { METRICS_ADDR: ':9' },
    want: { 'metrics-addr': ':1' },
  },
]) {
  test(`parseFlags ${c.name}`, () => {
    assert.deepEqual(parseFlags(table, c.argv, c.env ?? {}).options, { ...defaults, ...c.want });
  });
}

for (const c of [
  { name: 'an unknown flag', argv: ['--no-such'], message: 'unknown flag: --no-such' },
  { name: 'a flag without its value', argv: ['--concurrent'], message: 'flag needs an argument: --concurrent' },
  {
    name: 'a number that is none',
    argv: ['--concurrent=x'],
    message: 'invalid argument "x" for "--concurrent" flag: "x" is not an integer',
  },
  { name: 'a word that is no flag', argv: ['serve'], message: 'unexpected argument "serve"' },
  {
    name: 'a duration without a unit',
    argv: ['--min-retry-delay=5'],
    message: 'invalid argument "5" for "--min-retry-delay" flag: time: missing unit in duration "5"',
  },
]) {
  test(`parseFlags refuses ${c.name}`, () => {
    assert.throws(() => parseFlags(table, c.argv, {}), new FlagError(c.message));
  });
}

test('parseFlags tells which given flags have no effect yet', () => {
  assert.deepEqual(parseFlags(table, ['--token-cache-max-size=1', '--concurrent=1'], {}).withoutEffect, [
    'token-cache-max-size',
  ]);
});

test('parseFeatureGates starts from the defaults and refuses an unknown gate', () => {
  const known = { A: { default: true, help: '' }, B: { default: false, help: '' } };
  assert.deepEqual(parseFeatureGates(known, 'B=true'), { A: true, B: true });
  assert.throws(
    () => parseFeatureGates(known, 'C=true'),
    new FlagError('unrecognized feature gate: C, expected one of A, B'),
  );
});
