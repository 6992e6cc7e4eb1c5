import { embedded, type Known, namespaces, oddScalar, someName, someObject, word } from './objects.ts';
import type { Random } from './random.ts';
import { type Fields, isFields, Raw, type Tree, type TreeFile, type Value } from './tree.ts';

/** A tree of kustomizations over all that kustomize can do, mostly valid, with names that collide. */
export function kustomizeTree(random: Random): Tree {
  const maker = new TreeMaker(random);
  maker.kustomization('root', 0);
  return { root: 'root', files: maker.files };
}

const letters = ['base', 'mid', 'comp', 'other'] as const;
const labelKeys = ['app', 'team', 'tier', 'x.io/y'] as const;

class TreeMaker {
  readonly files = new Map<string, TreeFile>();
  private readonly random: Random;
  /** What the kustomizations made so far hold, as patches and replacements name it. */
  private readonly known = new Map<string, readonly Known[]>();
  private folders = 0;

  constructor(random: Random) {
    this.random = random;
  }

  kustomization(dir: string, depth: number, component = false): readonly Known[] {
    const r = this.random;
    const file: Fields = {};
    if (component) Object.assign(file, { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component' });
    else if (r.chance(0.4))
      Object.assign(file, { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' });
    const known: Known[] = [];
    this.resources(file, dir, depth, component, known);
    this.generators(file, dir, known);
    if (depth < 2 && r.chance(0.2)) {
      const path = this.newFolder('comp');
      known.push(...this.kustomization(path, depth + 1, true));
      file['components'] = [`../${path}`];
    }
    this.simpleFields(file);
    this.patches(file, dir, known);
    this.rules(file, dir, known);
    this.rare(file, dir, known, depth);
    this.files.set(`${dir}/kustomization.yaml`, { docs: [this.shuffled(file)] });
    this.known.set(dir, known);
    return known;
  }

  private newFolder(name: string): string {
    return `${name}${this.folders++}`;
  }

  private shuffled(file: Fields): Fields {
    const keys = Object.keys(file);
    const out: Fields = {};
    while (keys.length > 0) {
      const [key] = keys.splice(this.random.below(keys.length), 1);
      const value = key === undefined ? undefined : file[key];
      if (key !== undefined && value !== undefined) out[key] = value;
    }
    return out;
  }

  private resources(file: Fields, dir: string, depth: number, component: boolean, known: Known[]): void {
    const r = this.random;
    const list: Value[] = [];
    for (let i = r.below(component ? 2 : 3) + (depth === 2 ? 1 : 0); i > 0; i--) {
      const objects = r.several(1, 3, () => someObject(r));
      known.push(...objects);
      const path = `r${i}.yaml`;
      this.files.set(`${dir}/${path}`, { docs: objects.map(({ body }) => body) });
      list.push(path);
    }
    if (!component && depth < 2) {
      for (let i = depth === 0 ? 1 + r.below(2) : r.below(2); i > 0; i--) {
        const shared = [...this.known.keys()];
        const reuse = shared.length > 0 && r.chance(0.06) ? r.pick(shared) : undefined;
        const path = reuse ?? this.newFolder(r.pick(letters));
        known.push(...(reuse === undefined ? this.kustomization(path, depth + 1) : (this.known.get(reuse) ?? [])));
        list.splice(r.below(list.length + 1), 0, `../${path}`);
      }
    }
    if (list.length > 0) file[r.chance(0.05) ? 'bases' : 'resources'] = list;
  }

  private generators(file: Fields, dir: string, known: Known[]): void {
    const r = this.random;
    for (const [field, kind] of [
      ['configMapGenerator', 'ConfigMap'],
      ['secretGenerator', 'Secret'],
    ] as const) {
      if (!r.chance(0.16)) continue;
      file[field] = r.several(1, 2, () => {
        const same = known.filter((object) => object.kind === kind);
        const old = same.length > 0 && r.chance(0.5) ? r.pick(same) : undefined;
        const args: Fields = { name: old?.name ?? (r.chance(0.9) ? `${someName(r)}-${r.below(40)}` : someName(r)) };
        if (old !== undefined && r.chance(0.96))
          args['behavior'] = r.chance(0.95) ? r.pick(['merge', 'replace']) : 'create';
        const namespace = old === undefined ? (r.chance(0.1) ? r.pick(namespaces) : undefined) : old.namespace;
        if (namespace !== undefined) args['namespace'] = namespace;
        this.sources(args, dir);
        if (kind === 'Secret' && r.chance(0.2)) args['type'] = 'kubernetes.io/tls';
        if (r.chance(0.3)) args['options'] = this.generatorOptions();
        known.push({
          apiVersion: 'v1',
          kind,
          name: old?.name ?? String(args['name']),
          namespace,
          body: { apiVersion: 'v1', kind, metadata: { name: String(args['name']) }, data: { l0: 'v' } },
        });
        return args;
      });
    }
    if (r.chance(0.12)) file['generatorOptions'] = this.generatorOptions();
  }

  private sources(args: Fields, dir: string): void {
    const r = this.random;
    if (r.chance(0.7))
      args['literals'] = r.several(
        1,
        2,
        (i) => `l${i}=${r.pick(['v', '"q"', "'s'", '', 'a=b', '1', 'yes', '$(V)', 'é', 'a b ', '{"a":{"b":"c"}}'])}`,
      );
    if (r.chance(0.25)) {
      const path = `f${r.below(2)}.txt`;
      this.files.set(`${dir}/${path}`, {
        text: r.pick([
          'x\n',
          'two\nlines\n',
          ' lead\n',
          'trail \nx\n',
          '\ttab\n',
          '',
          'x'.repeat(120),
          'crlf\r\nx\r\n',
          embedded(r),
          `${'long words '.repeat(12)}\n`,
        ]),
      });
      args['files'] = [r.chance(0.3) ? `key=${path}` : path];
    }
    if (r.chance(0.15)) {
      this.files.set(`${dir}/e.env`, {
        text: r.pick(['A=1\nB=two\n', '# c\n A=1\nB = 2\n\nC\n', 'A="q"\r\nB=\n', 'A=$(V)\n']),
      });
      if (r.chance(0.3)) args['env'] = 'e.env';
      else args['envs'] = ['e.env'];
    }
  }

  private generatorOptions(): Fields {
    const r = this.random;
    return {
      ...(r.chance(0.5) ? { disableNameSuffixHash: r.chance(0.7) } : {}),
      ...(r.chance(0.3) ? { labels: { g: 'x', app: 'gen' } } : {}),
      ...(r.chance(0.3) ? { annotations: { n: 'v' } } : {}),
      ...(r.chance(0.15) ? { immutable: r.chance(0.8) } : {}),
    };
  }

  private simpleFields(file: Fields): void {
    const r = this.random;
    const text = (value: string): Value => (r.chance(0.003) ? oddScalar(r) : value);
    if (r.chance(0.25)) file['namePrefix'] = text(r.pick(['p-', 'web-', 'x']));
    if (r.chance(0.15)) file['nameSuffix'] = text(r.pick(['-s', '-v1', '1']));
    if (r.chance(0.25)) file['namespace'] = text(r.pick(namespaces));
    if (r.chance(0.1)) file['commonLabels'] = this.pairs();
    if (r.chance(0.2)) {
      file['labels'] = r.several(1, 2, () => ({
        pairs: this.pairs(),
        ...(r.chance(0.35) ? { includeSelectors: r.chance(0.7) } : {}),
        ...(r.chance(0.35) ? { includeTemplates: r.chance(0.7) } : {}),
        ...(r.chance(0.15)
          ? {
              fields: [
                {
                  path: r.pick(['spec/labels', 'metadata/labels', 'spec/template/metadata/labels']),
                  create: r.chance(0.6),
                  ...(r.chance(0.5) ? { kind: 'Widget' } : {}),
                },
              ],
            }
          : {}),
      }));
    }
    if (r.chance(0.15)) file['commonAnnotations'] = this.pairs();
    if (r.chance(0.06))
      file['buildMetadata'] = r.several(1, 3, () =>
        r.pick(['originAnnotations', 'transformerAnnotations', 'managedByLabel']),
      );
    if (r.chance(0.06)) {
      file['sortOptions'] = r.pick<Fields>([
        { order: 'fifo' },
        { order: 'legacy' },
        {
          order: 'legacy',
          legacySortOptions: { orderFirst: ['Service', 'Deployment'], orderLast: ['Namespace', 'ConfigMap'] },
        },
      ]);
    }
  }

  private pairs(): Fields {
    const r = this.random;
    return Object.fromEntries(
      r.several(1, 2, () => [
        r.pick(labelKeys),
        r.chance(0.005) ? oddScalar(r) : r.pick(['v', 'web', '1', 'yes', 'a.b']),
      ]),
    );
  }

  private someKnown(known: readonly Known[]): Known {
    const hit = this.random.chance(0.9) ? this.random.pick(known) : undefined;
    return hit ?? someObject(this.random);
  }

  private patches(file: Fields, dir: string, known: readonly Known[]): void {
    const r = this.random;
    if (r.chance(0.3))
      file['patches'] = r.several(1, 3, (i) =>
        r.chance(0.5) ? this.strategicRule(dir, known, i) : this.jsonRule(dir, known, i),
      );
    if (r.chance(0.06)) {
      const patch = this.strategicPatch(this.someKnown(known));
      this.files.set(`${dir}/sm.yaml`, { docs: [patch] });
      file['patchesStrategicMerge'] = ['sm.yaml'];
    }
    if (r.chance(0.06)) {
      const object = this.someKnown(known);
      this.files.set(`${dir}/j.yaml`, { docs: [this.operations(object)] });
      const slash = object.apiVersion.indexOf('/');
      file['patchesJson6902'] = [
        {
          target: {
            ...(slash < 0 ? {} : { group: object.apiVersion.slice(0, slash) }),
            version: object.apiVersion.slice(slash + 1),
            kind: object.kind,
            name: object.name,
          },
          path: 'j.yaml',
        },
      ];
    }
  }

  private selector(object: Known, exact: boolean): Fields {
    const r = this.random;
    const target: Fields = {};
    if (exact || r.chance(0.8)) target['kind'] = object.kind;
    if (exact || r.chance(0.5))
      target['name'] = r.chance(0.7) ? object.name : r.pick(['.*', 'w.*', '(web|app)', 'p-.*', '.*-s']);
    if (r.chance(0.1)) target['namespace'] = r.pick([...namespaces, '.*', '_non_namespaceable_']);
    if (r.chance(0.1)) target['version'] = 'v1';
    if (r.chance(0.06)) target['group'] = r.pick(['apps', '']);
    if (r.chance(0.08))
      target['labelSelector'] = r.pick([
        'app=web',
        'app',
        '!app',
        'app in (web, app)',
        'app notin (db)',
        'app!=web',
        'tier,app',
        'team==v',
      ]);
    if (r.chance(0.04)) target['annotationSelector'] = r.pick(['note', '!note', 'note=x', 'n=v']);
    return target;
  }

  private strategicRule(dir: string, known: readonly Known[], index: number): Fields {
    const r = this.random;
    const object = this.someKnown(known);
    const rule: Fields = {};
    const docs: Value[] = [this.strategicPatch(object)];
    if (r.chance(0.6)) rule['target'] = this.selector(object, false);
    else if (r.chance(0.15)) docs.push(this.strategicPatch(this.someKnown(known)));
    const path = `p${index}.yaml`;
    this.files.set(`${dir}/${path}`, { docs });
    rule['path'] = path;
    if (r.chance(0.12))
      rule['options'] = {
        allowNameChange: r.chance(0.6),
        allowKindChange:
          r.chance(0.4) && !['ConfigMap', 'Secret'].some((kind) => known.some((one) => one.kind === kind)),
      };
    return rule;
  }

  /** A part of the object with changes, as a patch. */
  private strategicPatch(object: Known): Fields {
    const r = this.random;
    const { metadata, apiVersion, kind, ...rest } = object.body;
    const patch: Fields = {
      apiVersion: apiVersion ?? 'v1',
      kind: kind ?? 'X',
      metadata: {
        name: r.chance(0.85) ? object.name : someName(r),
        ...(object.namespace === undefined || r.chance(0.1) ? {} : { namespace: object.namespace }),
        ...(r.chance(0.2)
          ? { labels: r.pick<Value>([{ app: 'patched' }, { app: null }, null, { tier: '1', new: 'x' }]) }
          : {}),
        ...(r.chance(0.15)
          ? {
              annotations: r.pick<Value>([
                { note: 'patched' },
                { note: null },
                null,
                { $patch: 'delete' },
                { $patch: 'replace', z: 'y' },
              ]),
            }
          : {}),
        ...(r.chance(0.05) ? { finalizers: ['f1', 'g'] } : {}),
      },
    };
    if (r.chance(0.05)) return { ...patch, $patch: r.pick(['delete', 'replace', 'merge']) };
    for (const [key, value] of Object.entries(rest)) if (r.chance(0.8)) patch[key] = this.changed(value, 0);
    if (metadata === undefined) return patch;
    return patch;
  }

  private changed(value: Value, depth: number): Value {
    const r = this.random;
    if (r.chance(0.03)) return r.pick<Value>([null, {}, [], 'text', 5, oddScalar(r)]);
    if (Array.isArray(value)) {
      const items = value.filter(() => r.chance(0.7)).map((item) => this.changed(item, depth + 1));
      if (r.chance(0.12))
        items.push({
          name: r.pick(['new', 'main', 'E0', 'vol']),
          ...(r.chance(0.5) ? { image: 'new:1' } : { value: 'new' }),
        });
      if (r.chance(0.06))
        items.push({
          port: r.pick([80, 443]),
          containerPort: r.pick([80, 8080]),
          ...(r.chance(0.5) ? { protocol: 'UDP' } : {}),
        });
      if (r.chance(0.05))
        items.splice(r.below(items.length + 1), 0, { $patch: r.pick(['replace', 'delete', 'merge']) });
      if (r.chance(0.05)) items.push({ name: r.pick(['main', 'E0', 'vol', 'http']), $patch: 'delete' });
      if (r.chance(0.03)) items.push(r.pick<Value>([null, 'x', {}, { v: 1 }]));
      return items;
    }
    if (isFields(value)) {
      const out: Fields = {};
      for (const [key, item] of Object.entries(value)) {
        if (r.chance(key === 'name' || depth < 2 ? 0.93 : 0.6)) out[key] = this.changed(item, depth + 1);
        else if (r.chance(0.15)) out[key] = null;
      }
      if (r.chance(0.08))
        out[r.pick(['added', 'labels', 'env', 'value'])] = r.pick<Value>([
          { a: 'b', n: null },
          'x',
          [1, 2],
          null,
          [{ name: 'z' }],
        ]);
      if (r.chance(0.03)) out['$patch'] = r.pick(['replace', 'delete', 'merge']);
      if (r.chance(0.01)) out['$retainKeys'] = ['a'];
      return out;
    }
    return r.chance(0.3) ? word(r) : value;
  }

  private jsonRule(dir: string, known: readonly Known[], index: number): Fields {
    const r = this.random;
    const object = this.someKnown(known);
    const operations = this.operations(object);
    const rule: Fields = { target: this.selector(object, r.chance(0.7)) };
    if (r.chance(0.5)) {
      const path = `q${index}.${r.pick(['yaml', 'json'])}`;
      this.files.set(`${dir}/${path}`, { docs: [operations] });
      rule['path'] = path;
    } else rule['patch'] = operations.map((operation) => `- ${jsonText(operation)}\n`).join('');
    return rule;
  }

  private operations(object: Known): Fields[] {
    const r = this.random;
    return r.several(1, 3, () => {
      const [path, value] = this.pointer(object.body);
      const op = r.pick(['add', 'replace', 'replace', 'add', 'remove', 'test', 'copy', 'move']);
      if (path === '/metadata/name' && op !== 'add' && r.chance(0.9))
        return {
          op: 'add',
          path: r.pick(['/metadata/annotations/j', '/added', '/metadata/finalizers']),
          value: r.pick<Value>(['v', { a: 'b' }, [1], oddScalar(r)]),
        };
      const fresh = r.pick<Value>(['v', 3, true, null, { a: 1 }, ['x'], 1.5, '80', oddScalar(r)]);
      if (op === 'remove') return { op, path };
      if (op === 'test') return { op, path, value: r.chance(0.9) ? value : fresh };
      if (op === 'copy' || op === 'move')
        return {
          op,
          from: path,
          path: r.pick(['/metadata/annotations/moved', '/moved', '/moved', this.pointer(object.body)[0]]),
        };
      if (op === 'add' && r.chance(0.4))
        return {
          op,
          path: r.pick([
            `${path}/-`,
            `${path}/0`,
            `${path}/new`,
            '/metadata/labels/l',
            '/metadata/annotations/a~1b',
            `${path}/-1`,
          ]),
          value: fresh,
        };
      return { op, path, value: fresh };
    });
  }

  /** A path into a value, and what is there. */
  private pointer(body: Value): [string, Value] {
    const r = this.random;
    let path = '';
    let value = body;
    for (let depth = 0; depth < 8; depth++) {
      if (depth > 1 && r.chance(0.2)) break;
      const keys = Array.isArray(value) ? value.map((_, i) => String(i)) : isFields(value) ? Object.keys(value) : [];
      const key = r.pick(keys);
      if (key === undefined) break;
      const next: Value | undefined = Array.isArray(value)
        ? value[Number(key)]
        : isFields(value)
          ? value[key]
          : undefined;
      if (next === undefined) break;
      path += `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      value = next;
    }
    if (path === '' || path === '/kind' || path === '/apiVersion' || path === '/metadata')
      return ['/metadata/name', 'x'];
    return r.chance(0.04) ? [`${path}/missing`, 'x'] : [path, value];
  }

  private rules(file: Fields, dir: string, known: readonly Known[]): void {
    const r = this.random;
    if (r.chance(0.18)) {
      file['images'] = r.several(1, 2, () => ({
        name: r.pick(['nginx', 'reg.io:5000/team/app', 'app', 'a/b', 'n.inx', '.*']),
        ...(r.chance(0.5) ? { newName: r.pick(['new', 'reg.io:5000/x', 'nginx']) } : {}),
        ...(r.chance(0.6) ? { newTag: r.chance(0.01) ? oddScalar(r) : r.pick(['2.0', 'v3', '1']) } : {}),
        ...(r.chance(0.15) ? { digest: 'sha256:ff' } : {}),
        ...(r.chance(0.06) ? { tagSuffix: '-x' } : {}),
      }));
    }
    if (r.chance(0.1)) {
      const workloads = known.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind));
      const workload = r.pick(workloads) ?? (r.chance(0.1) ? this.someKnown(known) : undefined);
      if (workload !== undefined) file['replicas'] = [{ name: workload.name, count: r.pick([0, 5]) }];
    }
    if (r.chance(0.14)) {
      const list = r.several(1, 2, () => this.replacement(known));
      if (r.chance(0.15)) {
        this.files.set(`${dir}/repl.yaml`, { docs: [list] });
        file['replacements'] = [{ path: 'repl.yaml' }];
      } else file['replacements'] = list;
    }
    if (r.chance(0.08)) {
      file['vars'] = r.several(1, 2, (i) => {
        const object = this.someKnown(known);
        const fieldpath = this.dotted(object.body, false);
        return {
          name: i === 0 ? 'V' : 'W',
          objref: {
            apiVersion: object.apiVersion,
            kind: object.kind,
            name: object.name,
            ...(r.chance(0.2) && object.namespace !== undefined ? { namespace: object.namespace } : {}),
          },
          ...(r.chance(0.6) ? { fieldref: { fieldpath } } : {}),
        };
      });
    }
  }

  private replacement(known: readonly Known[]): Fields {
    const r = this.random;
    const from = this.someKnown(known);
    const options = (): Fields => ({
      ...(r.chance(0.7) ? { delimiter: r.pick(['/', '-', ':', '.']) } : {}),
      ...(r.chance(0.6) ? { index: r.pick([0, 1, 0, -1, 5]) } : {}),
    });
    const source: Value = {
      kind: from.kind,
      name: from.name,
      ...(r.chance(0.7) ? { fieldPath: this.dotted(from.body, false) } : {}),
      ...(r.chance(0.1) && from.namespace !== undefined ? { namespace: from.namespace } : {}),
      ...(r.chance(0.12) ? { options: options() } : {}),
    };
    return {
      ...(r.chance(0.08) ? { sourceValue: r.pick(['val', '5', 'a: b']) } : { source }),
      targets: r.several(1, 2, () => {
        const to = this.someKnown(known);
        return {
          select: this.selector(to, r.chance(0.6)),
          ...(r.chance(0.1) ? { reject: [this.selector(this.someKnown(known), r.chance(0.5))] } : {}),
          ...(r.chance(0.95) ? { fieldPaths: r.several(1, 2, () => this.dotted(to.body, true)) } : {}),
          ...(r.chance(0.35)
            ? { options: { ...(r.chance(0.4) ? options() : {}), ...(r.chance(0.6) ? { create: true } : {}) } }
            : {}),
        };
      }),
    };
  }

  private dotted(body: Value, forTarget: boolean): string {
    const r = this.random;
    if (r.chance(0.1))
      return r.pick([
        'metadata.name',
        'metadata.labels.app',
        'metadata.annotations.note',
        'spec.new.field',
        'metadata.annotations.[x.io/y]',
        'metadata.annotations.x\\.io/y',
      ]);
    const parts: string[] = [];
    let value = body;
    for (let depth = 0; depth < 8; depth++) {
      if (depth > 1 && r.chance(0.1)) break;
      if (Array.isArray(value)) {
        const index = r.below(value.length);
        const item: Value | undefined = value[index];
        if (item === undefined) break;
        const name = isFields(item) ? item['name'] : undefined;
        const choice = r.next();
        if (choice < 0.4 && typeof name === 'string') parts.push(`[name=${name}]`);
        else if (choice < 0.6 && forTarget) parts.push('*');
        else if (choice < 0.63) parts.push('-');
        else parts.push(String(r.chance(0.08) ? value.length : index));
        value = item;
        continue;
      }
      if (typeof value === 'string' && /[{\n]/.test(value) && forTarget && r.chance(0.6)) {
        parts.push(...r.pick([['a', 'b'], ['l', '0'], ['a', 'z'], ['port'], ['l', '[name=x]', 'v'], ['a']]));
        break;
      }
      if (!isFields(value)) break;
      const key = r.pick(Object.keys(value));
      const next: Value | undefined = key === undefined ? undefined : value[key];
      if (key === undefined || next === undefined) break;
      parts.push(key.includes('.') ? `[${key}]` : key);
      value = next;
    }
    // A generated map of another kind has a hash of kustomize's own notes too: not worth having.
    if (parts.length === 1 && /^(?:kind|apiVersion)$/.test(parts[0] ?? '')) return 'metadata.name';
    return parts.length === 0 ? 'metadata.name' : parts.join('.');
  }

  private rare(file: Fields, dir: string, known: readonly Known[], depth: number): void {
    const r = this.random;
    if (r.chance(0.08)) {
      this.files.set(`${dir}/conf.yaml`, { docs: [this.configuration()] });
      file['configurations'] = ['conf.yaml'];
    }
    if (r.chance(0.08)) {
      this.files.set(`${dir}/t.yaml`, { docs: r.several(1, 2, (i) => this.transformer(known, `t${i}`)) });
      file['transformers'] = ['t.yaml'];
    }
    if (r.chance(0.03)) {
      this.files.set(`${dir}/v.yaml`, { docs: [this.transformer(known, 'v')] });
      file['validators'] = ['v.yaml'];
    }
    if (r.chance(0.03)) {
      const kind = r.pick(['ConfigMapGenerator', 'SecretGenerator']);
      this.files.set(`${dir}/g.yaml`, {
        docs: [
          {
            apiVersion: 'builtin',
            kind,
            metadata: { name: someName(r), ...(r.chance(0.3) ? { namespace: 'ns1' } : {}) },
            literals: ['a=b'],
            ...(r.chance(0.3) ? { behavior: 'merge' } : {}),
          },
        ],
      });
      file['generators'] = ['g.yaml'];
    }
    if (r.chance(0.04)) {
      this.files.set(`${dir}/crd.json`, { docs: [crdSchema(r)] });
      file['crds'] = ['crd.json'];
    }
    if (r.chance(depth === 0 ? 0.04 : 0.01)) {
      this.files.set(`${dir}/schema.json`, { docs: [openApi(r)] });
      file['openapi'] = { path: 'schema.json' };
    }
    if (r.chance(0.004)) file['openapi'] = { version: r.pick(['v1.21.2', 'v1.20.4']) };
    if (r.chance(0.01)) file['metadata'] = { name: 'x', annotations: { a: 'b' } };
  }

  private configuration(): Fields {
    const r = this.random;
    const spec = (path: string): Fields => ({
      path,
      ...(r.chance(0.6) ? { kind: r.pick(['Widget', 'Deployment', 'ConfigMap']) } : {}),
      ...(r.chance(0.5) ? { create: true } : {}),
    });
    return {
      ...(r.chance(0.4) ? { namePrefix: [spec('spec/ref/name')] } : {}),
      ...(r.chance(0.3)
        ? {
            nameReference: [
              {
                kind: r.pick(['ConfigMap', 'Secret', 'Widget']),
                ...(r.chance(0.3) ? { version: 'v1' } : {}),
                fieldSpecs: [
                  {
                    path: r.pick(['spec/ref/name', 'spec/ref', 'spec/list/name', 'spec/names']),
                    kind: r.pick(['Widget', 'ClusterWidget']),
                  },
                ],
              },
            ],
          }
        : {}),
      ...(r.chance(0.3) ? { commonLabels: [spec('spec/labels')] } : {}),
      ...(r.chance(0.3) ? { commonAnnotations: [spec('spec/annotations')] } : {}),
      ...(r.chance(0.3) ? { namespace: [spec('spec/ns')] } : {}),
      ...(r.chance(0.3) ? { images: [{ path: 'spec/list/v', kind: 'Widget' }] } : {}),
      ...(r.chance(0.3) ? { varReference: [{ path: 'data', kind: 'ConfigMap' }, { path: 'spec/list/v' }] } : {}),
      ...(r.chance(0.2) ? { replicas: [spec('spec/size')] } : {}),
      ...(r.chance(0.2) ? { templateLabels: [spec('spec/template/metadata/labels')] } : {}),
    };
  }

  private transformer(known: readonly Known[], name: string): Fields {
    const r = this.random;
    const specs = (path: string): Value => [
      { path, ...(r.chance(0.5) ? { create: true } : {}), ...(r.chance(0.3) ? { kind: 'Deployment' } : {}) },
    ];
    const make = (kind: string, fields: Fields): Fields => ({
      apiVersion: 'builtin',
      kind,
      metadata: { name },
      ...fields,
    });
    const object = this.someKnown(known);
    return r.pick<Fields>([
      make('PrefixTransformer', { prefix: 't-', fieldSpecs: specs('metadata/name') }),
      make('SuffixTransformer', { suffix: '-t', fieldSpecs: specs('metadata/name') }),
      make('LabelTransformer', { labels: { t: 'x' }, fieldSpecs: specs('metadata/labels') }),
      make('AnnotationsTransformer', { annotations: { t: 'x' }, fieldSpecs: specs('metadata/annotations') }),
      {
        apiVersion: 'builtin',
        kind: 'NamespaceTransformer',
        metadata: { name, namespace: 'ns2' },
        ...(r.chance(0.4) ? { unsetOnly: true } : {}),
        ...(r.chance(0.5) ? { setRoleBindingSubjects: r.pick(['none', 'allServiceAccounts', 'defaultOnly']) } : {}),
        fieldSpecs: specs('metadata/namespace'),
      },
      make('ImageTagTransformer', { imageTag: { name: 'nginx', newTag: 't' }, fieldSpecs: [] }),
      make('ReplicaCountTransformer', {
        replica: { name: object.name, count: 7 },
        fieldSpecs: [{ path: 'spec/replicas', kind: 'Deployment', create: true }],
      }),
      make('PatchTransformer', {
        target: this.selector(object, false),
        patch: '- {op: add, path: /metadata/annotations/t, value: x}\n',
      }),
      make('PatchStrategicMergeTransformer', {
        patches: `apiVersion: ${object.apiVersion}\nkind: ${object.kind}\nmetadata:\n  name: ${object.name}\n  labels: {sm: x}\n`,
      }),
      make('PatchJson6902Transformer', {
        target: { version: object.apiVersion.split('/').at(-1) ?? '', kind: object.kind, name: object.name },
        jsonOp: '[{"op": "add", "path": "/metadata/labels", "value": {"j": "x"}}]',
      }),
      make('ReplacementTransformer', { replacements: [this.replacement(known)] }),
      make('HashTransformer', {}),
      make('ValueAddTransformer', {
        value: 'add',
        targets: r.several(1, 2, () => ({
          selector: this.selector(object, false),
          fieldPath: r.pick(['metadata/annotations/va', 'metadata/name', 'spec/va', 'metadata/labels/x']),
          ...(r.chance(0.3) ? { filePathPosition: r.pick([1, 2, -1]) } : {}),
        })),
      }),
      r.chance(0.2)
        ? make('SortOrderTransformer', { sortOptions: { order: r.pick(['legacy', 'fifo']) } })
        : make('PrefixTransformer', { prefix: 'u', fieldSpecs: specs('metadata/labels/app') }),
      r.chance(0.2)
        ? make('ConfigMapGenerator', { literals: ['a=b'] })
        : make('SuffixTransformer', { suffix: 'u', fieldSpecs: specs('spec/x') }),
      r.chance(0.2)
        ? { apiVersion: 'custom/v1', kind: 'Thing', metadata: { name } }
        : make('NamespaceTransformer', { fieldSpecs: [] }),
    ]);
  }
}

function crdSchema(random: Random): Fields {
  const properties: Fields = {
    ref: {
      type: 'object',
      properties: { name: { type: 'string' } },
      'x-kubernetes-object-ref-api-version': 'v1',
      'x-kubernetes-object-ref-kind': random.pick(['ConfigMap', 'Secret']),
      ...(random.chance(0.3) ? { 'x-kubernetes-object-ref-name-key': 'name' } : {}),
    },
    annotations: { type: 'object', 'x-kubernetes-annotation': '' },
    labels: { type: 'object', 'x-kubernetes-label-selector': '' },
    size: { type: 'string', 'x-kubernetes-identity': '' },
  };
  return {
    'github.com/x/v1.Widget': {
      Schema: {
        properties: {
          apiVersion: { type: 'string' },
          kind: { type: 'string' },
          metadata: { type: 'object' },
          spec: { $ref: 'github.com/x/v1.WidgetSpec' },
        },
      },
    },
    'github.com/x/v1.WidgetSpec': { Schema: { properties } },
  };
}

function openApi(random: Random): Fields {
  const list: Fields = {
    type: 'array',
    items: { type: 'object', properties: { name: { type: 'string' } } },
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': 'name',
  };
  return {
    definitions: {
      'com.example.v1.Widget': {
        type: 'object',
        properties: {
          apiVersion: { type: 'string' },
          kind: { type: 'string' },
          metadata: { type: 'object' },
          spec: random.chance(0.5)
            ? { $ref: '#/definitions/com.example.v1.Spec' }
            : { type: 'object', properties: { list } },
        },
        'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
      },
      'com.example.v1.Spec': {
        type: 'object',
        properties: {
          list,
          template: { type: 'object', properties: { spec: { type: 'object', properties: { containers: list } } } },
        },
      },
    },
  };
}

function jsonText(value: Value): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`;
  if (isFields(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${jsonText(item)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}
