import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkStatus, type RunningController, startController, waitFor } from '#test-kit';
import { configMap, type KustomizationObject, openStage, type Stage } from './stage.ts';

let stage: Stage;
let controller: RunningController;
before(async () => {
  stage = await openStage();
  controller = await startController('kustomize', { kubeconfig: stage.cluster.kubeconfigPath });
});
after(async () => {
  await controller[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const sourceRef = (name: string): object => ({ kind: 'GitRepository', name });
const byState = { apiVersion: 'v1', kind: 'ConfigMap', failed: "data.state == 'down'", current: "data.state == 'up'" };

/** Sets a field that the Kustomization does not own; not by kubectl, whose fields it takes over. */
async function setState(name: string, state: string): Promise<void> {
  const path = stage.objectPath(`configmaps/${name}`);
  const answer = await stage.cluster.request('PATCH', path, { data: { state } }, 'application/merge-patch+json');
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

function messageOf(object: KustomizationObject, type = 'Ready'): string {
  return object.status?.conditions?.find((condition) => condition.type === type)?.message ?? '';
}

test('a health check expression decides when a Kustomization is ready, and when it has failed', async () => {
  await stage.publish('custom', { 'a.yaml': configMap('custom', { a: '1', state: 'starting' }) });
  await stage.publish('custom-2', { 'a.yaml': configMap('custom-2') });
  const spec = { wait: true, timeout: '5m', healthCheckExprs: [byState] };
  await stage.kustomization('custom-2', { sourceRef: sourceRef('custom-2'), ...spec });
  await stage.ready('custom-2', { status: 'Unknown' }); // no `state` at all: unknown, which may pass
  await setState('custom-2', 'up');
  checkStatus(await stage.ready('custom-2', {}));
  await stage.kustomization('custom', { sourceRef: sourceRef('custom'), ...spec });
  await stage.ready('custom', { status: 'Unknown' });
  await stage.publish('custom', { 'a.yaml': configMap('custom', { a: '1', state: 'down' }) });
  const failed = await stage.ready('custom', { status: 'False', reason: 'HealthCheckFailed' });
  checkStatus(failed);
  assert.match(
    messageOf(failed),
    /failed early due to stalled resources: \[ConfigMap\/ks-\w+\/custom status: 'Failed'\]$/,
  );
});

test('an expression that cannot be evaluated leaves the health unknown until the timeout, and says why', async () => {
  await stage.publish('unknown', { 'a.yaml': configMap('unknown') });
  await stage.kustomization('unknown', {
    sourceRef: sourceRef('unknown'),
    wait: true,
    timeout: '30s', // no wait is shorter
    healthCheckExprs: [byState],
  });
  const failed = await stage.ready('unknown', { status: 'False', reason: 'HealthCheckFailed' }, 45_000);
  checkStatus(failed);
  assert.match(
    messageOf(failed, 'Healthy'),
    /^timeout waiting for: \[ConfigMap\/ks-\w+\/unknown status: 'Unknown': failed to evaluate the CEL expression 'data.state == 'down'': no such key: state\]$/,
  );
});

for (const c of [
  {
    name: 'bad-syntax',
    exprs: [{ apiVersion: 'example.org/v1', kind: 'Widget', current: 'status.' }],
    want: /^Reconciliation failed terminally due to configuration error: failed to create custom status evaluator for healthchecks\[0\]: failed to parse the expression Current: failed to parse the CEL expression 'status\.': ERROR: <input>:1:8: Syntax error/,
  },
  {
    name: 'twice',
    exprs: [byState, { ...byState, current: 'true' }],
    want: /^Reconciliation failed terminally due to configuration error: duplicate custom health check for GroupKind ConfigMap$/,
  },
]) {
  test(`health check expressions that are wrong (${c.name}) stall the Kustomization until it is edited`, async () => {
    await stage.publish(c.name, { 'a.yaml': configMap(c.name) });
    await stage.kustomization(c.name, { sourceRef: sourceRef(c.name), healthCheckExprs: c.exprs });
    const stalled = await stage.ready(c.name, { status: 'False', reason: 'InvalidCELExpression', message: c.want });
    checkStatus(stalled);
    assert.equal(messageOf(stalled, 'Stalled'), messageOf(stalled));
    assert.equal(stalled.status?.observedGeneration, stalled.metadata.generation);
    assert.equal(await stage.object(`configmaps/${c.name}`), undefined);
    await stage.kustomization(c.name, { sourceRef: sourceRef(c.name), healthCheckExprs: [] });
    checkStatus(await stage.ready(c.name, {}));
  });
}

test('readyExpr stands in the place of the built-in check, and any change of the dependency is seen at once', async () => {
  await stage.publish('expr', { 'dep/a.yaml': configMap('expr-dep'), 'self/b.yaml': configMap('expr-self') });
  await stage.kustomization('expr-dep', { sourceRef: sourceRef('expr'), path: 'dep' });
  await stage.ready('expr-dep', {});
  const readyExpr = "dep.metadata.?labels.?stage.orValue('') == self.spec.path";
  const spec = { sourceRef: sourceRef('expr'), path: 'self', dependsOn: [{ name: 'expr-dep', readyExpr }] };
  await stage.kustomization('expr-self', spec);
  const waiting = await stage.ready('expr-self', {
    status: 'False',
    reason: 'DependencyNotReady',
    message: /^dependency 'ks-\w+\/expr-dep' is not ready according to readyExpr eval$/,
  });
  checkStatus(waiting);
  const labelled = Date.now();
  await stage.cluster.kubectl(['label', '-n', stage.namespace, 'kustomization/expr-dep', 'stage=self']);
  await waitFor(() => stage.object('configmaps/expr-self'), { timeoutMs: 5000, pollMs: 20 });
  assert.ok(Date.now() - labelled < 5000);
  checkStatus(await stage.ready('expr-self', {}));
});

test('a readyExpr that fails on what the dependency lacks is tried again', async () => {
  await stage.publish('lacks', { 'dep/a.yaml': configMap('lacks-dep'), 'self/b.yaml': configMap('lacks-self') });
  await stage.kustomization('lacks-dep', { sourceRef: sourceRef('lacks'), path: 'dep' });
  await stage.ready('lacks-dep', {});
  const dependsOn = [{ name: 'lacks-dep', readyExpr: "dep.metadata.labels.team == 'a'" }];
  await stage.kustomization('lacks-self', { sourceRef: sourceRef('lacks'), path: 'self', dependsOn });
  await stage.ready('lacks-self', {
    status: 'False',
    reason: 'DependencyNotReady',
    message: /^failed to evaluate the CEL expression 'dep\.metadata\.labels\.team == 'a'': no such key: labels$/,
  });
  await stage.cluster.kubectl(['label', '-n', stage.namespace, 'kustomization/lacks-dep', 'team=a']);
  checkStatus(await stage.ready('lacks-self', {}));
});

for (const c of [
  {
    name: 'dynamic',
    readyExpr: 'dep.status.ready',
    want: /terminal error: failed to evaluate dependency dynamic-dep: CEL expression output type mismatch: expected bool, got dyn$/,
  },
  {
    name: 'misspelt',
    readyExpr: "dependency.metadata.name == 'x'",
    want: /terminal error: failed to evaluate dependency misspelt-dep: failed to parse the CEL expression '.*': ERROR: <input>:1:1: undeclared reference to 'dependency'/,
  },
]) {
  test(`a readyExpr that can never work (${c.name}) stalls the Kustomization`, async () => {
    await stage.publish(c.name, { 'dep/a.yaml': configMap(`${c.name}-dep`), 'self/b.yaml': configMap(c.name) });
    await stage.kustomization(`${c.name}-dep`, { sourceRef: sourceRef(c.name), path: 'dep' });
    await stage.ready(`${c.name}-dep`, {});
    const dependsOn = [{ name: `${c.name}-dep`, readyExpr: c.readyExpr }];
    await stage.kustomization(c.name, { sourceRef: sourceRef(c.name), path: 'self', dependsOn });
    const stalled = await stage.ready(c.name, { status: 'False', reason: 'InvalidCELExpression', message: c.want });
    checkStatus(stalled);
    assert.match(messageOf(stalled), /^Reconciliation failed terminally due to configuration error: terminal error: /);
    assert.equal(stalled.status?.observedGeneration, stalled.metadata.generation);
  });
}
