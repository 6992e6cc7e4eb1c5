import { KustomizeError } from '../error.ts';

type Requirement = (labels: ReadonlyMap<string, string>) => boolean;

/** Kubernetes' selector grammar: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`, joined by commas. */
export function parseLabelSelector(text: string): Requirement {
  const requirements = splitRequirements(text).map((part) => parseRequirement(part, text));
  return (labels) => requirements.every((holds) => holds(labels));
}

function splitRequirements(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if ((c === ',' && depth === 0) || c === undefined) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return parts.length === 1 && parts[0] === '' ? [] : parts;
}

const KEY = '[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?';
const VALUE = '(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?';
const setForm = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const equalForm = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const compareForm = new RegExp(`^(${KEY})\\s*([<>])\\s*(-?\\d+)$`);
const existsForm = new RegExp(`^(!)?\\s*(${KEY})$`);

function parseRequirement(part: string, whole: string): Requirement {
  const set = setForm.exec(part);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return operator === 'in'
      ? (labels) => values.has(labels.get(key) ?? '\0')
      : (labels) => !values.has(labels.get(key) ?? '\0');
  }
  const equal = equalForm.exec(part);
  if (equal !== null) {
    const [, key = '', operator, value = ''] = equal;
    return operator === '!=' ? (labels) => labels.get(key) !== value : (labels) => labels.get(key) === value;
  }
  const compare = compareForm.exec(part);
  if (compare !== null) {
    const [, key = '', operator, limit = ''] = compare;
    return (labels) => {
      const value = labels.get(key);
      if (value === undefined || !/^-?\d+$/.test(value)) return false;
      return operator === '<' ? BigInt(value) < BigInt(limit) : BigInt(value) > BigInt(limit);
    };
  }
  const exists = existsForm.exec(part);
  if (exists !== null) {
    const [, negated, key = ''] = exists;
    return (labels) => labels.has(key) === (negated === undefined);
  }
  throw new KustomizeError('invalidKustomization', `unable to parse requirement: '${part}' in selector "${whole}"`);
}
