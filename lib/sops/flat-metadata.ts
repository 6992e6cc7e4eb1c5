import { SopsError } from './error.ts';
import { Branch, List, type Value } from './tree.ts';

/** dotenv and INI have no nesting: there a metadata key is the path, as in `age__list_0__map_enc`. */
const separator = /__(map|list)_/g;

interface Step {
  readonly kind: 'map' | 'list';
  readonly name: string;
}

class Place {
  value: Value | undefined = undefined;
  readonly fields = new Map<string, Place>();
  readonly items = new Map<string, Place>();

  below({ kind, name }: Step): Place {
    const places = kind === 'map' ? this.fields : this.items;
    const known = places.get(name);
    if (known !== undefined) return known;
    const place = new Place();
    places.set(name, place);
    return place;
  }
}

/**
 * Turns flat metadata into nested one.
 * @throws SopsError 'malformed'
 */
export function unflatten(flat: Branch): Branch {
  const root = new Place();
  for (const { key, value } of flat.entries) {
    let place = root;
    for (const step of stepsOf(key)) place = place.below(step);
    if (place.value !== undefined) throw damaged(key);
    place.value = value;
  }
  const nested = valueOf(root, '');
  if (!(nested instanceof Branch)) throw damaged('');
  return nested;
}

function damaged(key: string): SopsError {
  return new SopsError('malformed', `cannot read the sops metadata: the flat key "${key}" does not fit the others`);
}

function stepsOf(key: string): readonly Step[] {
  const steps: Step[] = [];
  let from = 0;
  let kind: Step['kind'] = 'map';
  for (const match of key.matchAll(separator)) {
    steps.push({ kind, name: key.slice(from, match.index) });
    kind = match[1] === 'list' ? 'list' : 'map';
    from = match.index + match[0].length;
  }
  steps.push({ kind, name: key.slice(from) });
  // Nested deeper than any metadata is: a hostile key must not make the reader recurse without end.
  if (steps.length > 20) throw damaged(key.slice(0, 100));
  return steps;
}

function valueOf(place: Place, key: string): Value {
  const forms = [place.value !== undefined, place.fields.size > 0, place.items.size > 0].filter(Boolean);
  if (forms.length > 1) throw damaged(key);
  if (place.fields.size > 0) {
    return new Branch([...place.fields].map(([name, below]) => ({ key: name, value: valueOf(below, name) })));
  }
  if (place.items.size > 0) {
    return new List(
      Array.from({ length: place.items.size }, (_, at) => {
        const item = place.items.get(String(at));
        if (item === undefined) throw damaged(key);
        return valueOf(item, key);
      }),
    );
  }
  return place.value ?? null;
}
