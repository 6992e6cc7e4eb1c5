import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../event/event.ts';
import { takesEvent } from './provider-types.ts';

const group = 'kustomize.toolkit.fluxcd.io';
const event = (severity: string, metadata: Record<string, string> = {}): Event => ({
  involvedObject: { kind: 'Kustomization', namespace: 'apps', name: 'web', apiVersion: `${group}/v1` },
  severity,
  timestamp: '',
  message: '',
  reason: '',
  metadata,
  reportingController: '',
});
const update = { [`${group}/commit_status`]: 'update' };
const commit = { 'event.toolkit.fluxcd.io/commit': 'abc' };
const change = { 'event.toolkit.fluxcd.io/change_request': '7' };

for (const c of [
  { type: 'slack', name: 'an ordinary event', event: event('info'), takes: true },
  { type: 'slack', name: 'an update of a commit status', event: event('info', update), takes: false },
  {
    type: 'slack',
    name: 'another value of that key',
    event: event('info', { [`${group}/commit_status`]: 'x' }),
    takes: true,
  },
  { type: 'msteams', name: 'an update of a commit status', event: event('info', update), takes: false },
  { type: 'generic', name: 'an update of a commit status', event: event('info', update), takes: true },
  { type: 'generic-hmac', name: 'an update of a commit status', event: event('info', update), takes: true },
  { type: 'github', name: 'an update of a commit status', event: event('info', update), takes: true },
  { type: 'github', name: 'an ordinary event', event: event('info'), takes: false },
  { type: 'github', name: 'an error without a commit', event: event('error'), takes: true },
  { type: 'gitlab', name: 'an event with a commit', event: event('info', commit), takes: true },
  {
    type: 'gitlab',
    name: 'an empty commit',
    event: event('info', { 'event.toolkit.fluxcd.io/commit': '' }),
    takes: false,
  },
  { type: 'githubpullrequestcomment', name: 'a change request', event: event('info', change), takes: true },
  { type: 'githubpullrequestcomment', name: 'an error without one', event: event('error'), takes: false },
  {
    type: 'githubpullrequestcomment',
    name: 'an update of a commit status',
    event: event('info', { ...change, ...update }),
    takes: false,
  },
]) {
  test(`${c.type} ${c.takes ? 'takes' : 'does not take'} ${c.name}`, () => {
    assert.equal(takesEvent(c.type, c.event), c.takes);
  });
}
