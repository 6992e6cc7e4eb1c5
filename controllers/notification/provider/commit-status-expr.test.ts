import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert, Provider } from '#crds';
import type { Event } from '../event/event.ts';
import { customStatusId } from './commit-status-expr.ts';

const event: Event = {
  involvedObject: { kind: 'Kustomization', namespace: 'apps', name: 'Web' },
  severity: 'info',
  timestamp: '2026-11-21T02:27:31Z',
  message: 'm',
  reason: 'ReconciliationSucceeded',
  metadata: { env: 'prod' },
  reportingController: 'kustomize-controller',
};
const alert: Alert = {
  apiVersion: 'notification.toolkit.fluxcd.io/v1beta3',
  kind: 'Alert',
  metadata: { name: 'on-call', namespace: 'apps' },
  spec: { providerRef: { name: 'p' }, eventSources: [] },
};
const provider = (commitStatusExpr?: string): Provider => ({
  apiVersion: 'notification.toolkit.fluxcd.io/v1beta3',
  kind: 'Provider',
  metadata: { name: 'p', namespace: 'apps', uid: '0c9c2e41-1' },
  spec: { type: 'github', ...(commitStatusExpr !== undefined && { commitStatusExpr }) },
});

for (const c of [
  { name: 'is left to the default without an expression', text: undefined, want: undefined },
  {
    name: 'is made of event, provider and alert',
    text: "(event.involvedObject.kind + '/' + event.involvedObject.name + '/' + event.metadata.env + '/' + provider.metadata.name + '/' + alert.metadata.name).lowerAscii()",
    want: 'kustomization/web/prod/p/on-call',
  },
  { name: 'may use the UID', text: "string(provider.metadata.uid).split('-').first().value()", want: '0c9c2e41' },
]) {
  test(`the id of a commit status ${c.name}`, () => {
    assert.equal(customStatusId(event, provider(c.text), alert), c.want);
  });
}

for (const c of [
  { name: 'another type', text: '1', want: /^CEL expression output type mismatch: expected string, got int$/ },
  {
    name: 'a field of unknown type',
    text: 'event.reason',
    want: /^CEL expression output type mismatch: expected string, got dyn$/,
  },
  { name: 'bad syntax', text: 'event +', want: /^failed to parse the CEL expression 'event \+': / },
  {
    name: 'a missing field',
    text: "event.metadata.team + ''",
    want: /^failed to evaluate the CEL expression '.*': no such key: team$/,
  },
]) {
  test(`customStatusId refuses ${c.name}`, () => {
    assert.throws(() => customStatusId(event, provider(c.text), alert), { message: c.want });
  });
}
