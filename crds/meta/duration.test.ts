import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatGoDurationNs, formatGoDuration, parseGoDuration, parseGoDurationNs } from './duration.ts';

for (const c of [
  { text: '0', ns: 0n },
  { text: '5s', ns: 5_000_000_000n },
  { text: '1478s', ns: 1_478_000_000_000n },
  { text: '-5s', ns: -5_000_000_000n },
  { text: '+0', ns: 0n },
  { text: '5.0s', ns: 5_000_000_000n },
  { text: '5.6s', ns: 5_600_000_000n },
  { text: '5.s', ns: 5_000_000_000n },
  { text: '.5s', ns: 500_000_000n },
  { text: '100.00100s', ns: 100_001_000_000n },
  { text: '10ns', ns: 10n },
  { text: '11us', ns: 11_000n },
  { text: '12\u00b5s', ns: 12_000n },
  { text: '12\u03bcs', ns: 12_000n },
  { text: '3h30m', ns: 12_600_000_000_000n },
  { text: '39h9m14.425s', ns: 140_954_425_000_000n },
  { text: '52763797000ns', ns: 52_763_797_000n },
  { text: '0.3333333333333333333h', ns: 1_200_000_000_000n },
  { text: '9007199254740993ns', ns: 9_007_199_254_740_993n },
  { text: '9223372036854775807ns', ns: 9_223_372_036_854_775_807n },
  { text: '-9223372036854775808ns', ns: -9_223_372_036_854_775_808n },
  { text: '0.9223372036854775807h', ns: 3_320_413_933_267n },
  { text: '0.100000000000000000000h', ns: 360_000_000_000n },
]) {
  test(`parseGoDuration reads ${c.text}`, () => assert.equal(parseGoDurationNs(c.text), c.ns));
}

for (const c of [
  { text: '', words: 'time: invalid duration ""' },
  { text: '3', words: 'time: missing unit in duration "3"' },
  { text: '-', words: 'time: invalid duration "-"' },
  { text: 's', words: 'time: invalid duration "s"' },
  { text: '.s', words: 'time: invalid duration ".s"' },
  { text: '3000000h', words: 'time: invalid duration "3000000h"' },
  { text: '9223372036854775808ns', words: 'time: invalid duration "9223372036854775808ns"' },
  { text: '1d', words: 'time: unknown unit "d" in duration "1d"' },
  { text: '1h 30m', words: 'time: unknown unit "h " in duration "1h 30m"' },
  { text: '1constructor', words: 'time: unknown unit "constructor" in duration "1constructor"' },
]) {
  test(`parseGoDuration refuses "${c.text}" in the words of Go`, () => {
    assert.throws(() => parseGoDuration(c.text), { name: 'TypeError', message: c.words });
  });
}

for (const c of [
  { ns: 0n, text: '0s' },
  { ns: 1n, text: '1ns' },
  { ns: 1_100n, text: '1.1\u00b5s' },
  { ns: 2_200_000n, text: '2.2ms' },
  { ns: 300_000_000n, text: '300ms' },
  { ns: 1_234_567_000n, text: '1.234567s' },
  { ns: 3_300_000_000n, text: '3.3s' },
  { ns: 90_000_000_000n, text: '1m30s' },
  { ns: 245_000_000_000n, text: '4m5s' },
  { ns: 600_000_000_000n, text: '10m0s' },
  { ns: 18_367_001_000_000n, text: '5h6m7.001s' },
  { ns: -480_000_000_001n, text: '-8m0.000000001s' },
  { ns: -9_223_372_036_854_775_808n, text: '-2562047h47m16.854775808s' },
]) {
  test(`formatGoDuration prints ${c.text}`, () => assert.equal(formatGoDurationNs(c.ns), c.text));
}

test('formatGoDuration takes fractions of a millisecond', () => assert.equal(formatGoDuration(1.0005), '1.0005ms'));
test('parseGoDuration gives milliseconds', () => assert.equal(parseGoDuration('1m0.5ms'), 60_000.5));
