import { isRecord, type JsonRecord } from '../../json-record.ts';
import { header, requireEvent, type Validator, WebhookRefused } from '../webhook.ts';
import { cdeventShapes, type Shape, type TextShape } from './cdevents-shapes.ts';

/** An event of CDEvents 0.4 in the body, as CloudEvents' binary mode sends it. */
export const cdevents: Validator = (call) => {
  requireEvent(call.receiver, 'CDEvent', header(call, 'ce-type'));
  const fault = faultOfEvent(parse(call.body));
  if (fault !== undefined) throw new WebhookRefused(`the body is no valid CDEvent: ${fault}`);
  return {};
};

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new WebhookRefused('the body is no valid CDEvent: it is no JSON');
  }
}

const contextShape: Shape = {
  version: 'name',
  id: 'name',
  source: 'uri-reference',
  type: 'name',
  timestamp: 'name',
  'schemaUri?': 'uri',
  'chainId?': 'name',
};
const subjectShape: Shape = { id: 'name', 'source?': 'uri-reference', type: 'name' };

/** What is wrong with it; undefined for a valid one. */
export function faultOfEvent(event: unknown): string | undefined {
  if (!isRecord(event)) return 'it is no object';
  const { context, subject, customData, customDataContentType, ...others } = event;
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) return `field "${stranger}" is unknown`;
  if (!isRecord(context)) return 'field "context" is no object';
  if (!isRecord(subject)) return 'field "subject" is no object';
  const { links, ...plainContext } = context;
  const { content, ...plainSubject } = subject;
  const fault =
    faultOf(plainContext, contextShape, 'context') ??
    faultOf(plainSubject, subjectShape, 'subject') ??
    faultOfContext(context);
  if (fault !== undefined) return fault;
  if (links !== undefined && !Array.isArray(links)) return 'field "context.links" is no list';
  const [, subjectType = '', predicate, version = ''] =
    /^dev\.cdevents\.([a-z]+)\.([a-z]+)\.(\d+\.\d+\.\d+)/.exec(String(context['type'])) ?? [];
  const shape = cdeventShapes[`${subjectType}.${predicate}`];
  if (shape === undefined) return 'field "context.type" is no type of CDEvents';
  if (minor(shape.version) !== minor(version))
    return `the version of its type is "${version}", expected "${shape.version}"`;
  if (String(subject['type']).toLowerCase() !== subjectType) return `field "subject.type" is not "${subjectType}"`;
  return faultOf(content, shape.content, 'subject.content') ?? faultOfCustomData(customData, customDataContentType);
}

function faultOfContext({ version, timestamp }: JsonRecord): string | undefined {
  if (!/^0\.4\.\d+/.test(String(version))) return 'field "context.version" is not 0.4';
  return /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d/.test(String(timestamp)) && !Number.isNaN(Date.parse(String(timestamp)))
    ? undefined
    : 'field "context.timestamp" is no RFC 3339 time';
}

function faultOfCustomData(data: unknown, type: unknown): string | undefined {
  if (data !== undefined && !isRecord(data) && typeof data !== 'string')
    return 'field "customData" is no object or text';
  return type === undefined || typeof type === 'string' ? undefined : 'field "customDataContentType" is no text';
}

function minor(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

function faultOf(value: unknown, shape: Shape, path: string): string | undefined {
  if (typeof shape === 'string') return isOf(value, shape) ? undefined : `field "${path}" is no ${shape}`;
  if (isWords(shape))
    return typeof value === 'string' && shape.includes(value)
      ? undefined
      : `field "${path}" is none of ${shape.join(', ')}`;
  if (!isRecord(value)) return `field "${path}" is no object`;
  const fields = new Map(Object.entries(shape).map(([key, inner]) => [key.replace('?', ''), { key, inner }]));
  const stranger = Object.keys(value).find((name) => !fields.has(name));
  if (stranger !== undefined) return `field "${path}.${stranger}" is unknown`;
  for (const [name, { key, inner }] of fields) {
    if (value[name] === undefined && key.endsWith('?')) continue;
    const fault = faultOf(value[name], inner, `${path}.${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isWords(shape: Shape): shape is readonly string[] {
  return Array.isArray(shape);
}

function isOf(value: unknown, kind: TextShape): boolean {
  if (kind === 'texts') return Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (typeof value !== 'string') return false;
  if (kind === 'uri') return URL.canParse(value);
  if (kind === 'uri-reference') return value !== '' && URL.canParse(value, 'https://base.example');
  return kind === 'text' || value !== '';
}
