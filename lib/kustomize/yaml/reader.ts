import { EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, type Event } from 'js-yaml';
import { YamlError } from './error.ts';
import { cloneNode, MapNode, type Node, ScalarNode, type ScalarStyle, SeqNode } from './node.ts';
import { type Dialect, resolvePlain } from './scalars.ts';

export interface Limits {
  /** Longest text that is read, in UTF-16 code units. */
  readonly maxLength: number;
  /** Deepest nesting of collections. */
  readonly maxDepth: number;
  /** Most nodes of one call, those that aliases copy included. */
  readonly maxNodes: number;
}
export interface ReadOptions {
  /** Names the source in errors. */
  readonly path?: string;
  readonly limits?: Partial<Limits>;
}

/**
 * The documents of a resource file, as kustomize reads them: aliases and `<<` expanded, empty documents left out.
 * @throws YamlError
 */
export function readDocuments(text: string, options: ReadOptions = {}): Node[] {
  return read(text, options, 'v3');
}

/**
 * The first document with YAML 1.1 scalars: kustomization files, transformer configurations, JSON6902 patches in YAML.
 * An empty text reads as null.
 * @throws YamlError
 */
export function readYamlV2(text: string, options: ReadOptions = {}): Node {
  return read(text, options, 'v2')[0] ?? new ScalarNode('', '!!null');
}

function read(text: string, options: ReadOptions, dialect: Dialect): Node[] {
  const source = text.replaceAll('\r\n', '\n').replace(/^\uFEFF/, '');
  let events: Event[];
  try {
    events = parseEvents(source, { maxDepth: 1000 });
  } catch (error) {
    throw new YamlError('syntax', error instanceof Error ? error.message : String(error), 0, options.path);
  }
  const nodes: Node[] = [];
  let at = 0;
  let anchors = new Map<string, Node>();
  const next = (): Node | undefined => {
    const event = events[at++];
    if (event === undefined || event.type === EVENT_ID.POP) return undefined;
    switch (event.type) {
      case EVENT_ID.ALIAS: {
        const node = anchors.get(source.slice(event.anchorStart, event.anchorEnd));
        if (node === undefined) throw new YamlError('alias', 'yaml: unknown anchor');
        return cloneNode(node);
      }
      case EVENT_ID.SCALAR: {
        const value = getScalarValue(source, event);
        const style = styleOf(event.style);
        const tag =
          event.tagStart >= 0
            ? source.slice(event.tagStart, event.tagEnd)
            : style === 'plain'
              ? resolvePlain(value, dialect)
              : '!!str';
        const node = new ScalarNode(value, tag, style, 1, 1);
        if (event.anchorStart >= 0) anchors.set(source.slice(event.anchorStart, event.anchorEnd), node);
        return node;
      }
      case EVENT_ID.SEQUENCE: {
        const node = new SeqNode([], event.style === 2);
        if (event.anchorStart >= 0) anchors.set(source.slice(event.anchorStart, event.anchorEnd), node);
        for (let item = next(); item !== undefined; item = next()) node.items.push(item);
        return node;
      }
      case EVENT_ID.MAPPING: {
        const node = new MapNode(event.style === 2);
        if (event.anchorStart >= 0) anchors.set(source.slice(event.anchorStart, event.anchorEnd), node);
        for (let key = next(); key !== undefined; key = next()) {
          const value = next();
          if (key.kind === 'scalar' && value !== undefined) node.append(key, value);
        }
        return node;
      }
      case EVENT_ID.DOCUMENT:
        return undefined;
    }
  };
  while (at < events.length) {
    if (events[at]?.type !== EVENT_ID.DOCUMENT) {
      at++;
      continue;
    }
    at++;
    anchors = new Map();
    const root = next();
    if (root !== undefined && !(root.kind === 'scalar' && root.tag === '!!null')) nodes.push(root);
  }
  return nodes;
}

function styleOf(style: number): ScalarStyle {
  switch (style) {
    case SCALAR_STYLE.SINGLE_QUOTED:
      return 'single';
    case SCALAR_STYLE.DOUBLE_QUOTED:
      return 'double';
    case SCALAR_STYLE.LITERAL_BLOCK:
      return 'literal';
    case SCALAR_STYLE.FOLDED_BLOCK:
      return 'folded';
    default:
      return 'plain';
  }
}
