/**
 * As much XML as S3 and Azure answer in: elements without attributes that matter, no DTD, no CDATA. Each function reads the text that
 * it is given from the front, so its cost is linear.
 */
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The inner text of the first element of that name; undefined without it. */
export function elementText(xml: string, name: string): string | undefined {
  const inner = elements(xml, name).next();
  return inner.done === true ? undefined : decodeEntities(inner.value);
}

/** The inner texts of all elements of that name, undecoded; an element inside one of its own name is not looked for. */
export function* elements(xml: string, name: string): Generator<string> {
  const open = `<${name}`;
  const close = `</${name}>`;
  for (let at = xml.indexOf(open); at !== -1; at = xml.indexOf(open, at)) {
    const end = xml.indexOf('>', at);
    const next = xml[at + open.length];
    if (end === -1) return;
    if (next !== '>' && next !== ' ' && next !== '/') {
      at = end; // a longer name
      continue;
    }
    if (xml[end - 1] === '/') {
      yield '';
      at = end;
      continue;
    }
    const last = xml.indexOf(close, end);
    if (last === -1) return;
    yield xml.slice(end + 1, last);
    at = last + close.length;
  }
}

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined;
      if (code !== undefined) return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
      return entities[name ?? ''] ?? whole;
    },
  );
}
