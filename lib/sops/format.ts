/** Document formats of SOPS. */
export type Format = 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary';

const extensions: ReadonlyMap<string, Format> = new Map([
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['.json', 'json'],
  ['.dockerconfigjson', 'json'],
  ['.env', 'dotenv'],
  ['.ini', 'ini'],
]);

/** The format that a file name or a key of a Secret's data stands for; binary when its ending says nothing. */
export function formatOfPath(path: string): Format {
  const dot = path.lastIndexOf('.');
  return dot < 0 ? 'binary' : (extensions.get(path.slice(dot)) ?? 'binary');
}

/** The text by which an encrypted document of a format is told from a plain one. Binary documents are wrapped in JSON. */
const markers: Readonly<Record<Format, string>> = {
  binary: '"mac": "ENC[',
  json: '"mac": "ENC[',
  dotenv: 'sops_mac=ENC[',
  ini: '[sops]',
  yaml: 'mac: ENC[',
};

export function hasMarker(content: Uint8Array, format: Format): boolean {
  return viewOf(content).includes(markers[format]);
}

/** The format in which content is encrypted; undefined: it is not. */
export function formatOfContent(content: Uint8Array): Format | undefined {
  const view = viewOf(content);
  return (['binary', 'dotenv', 'ini', 'yaml'] as const).find((format) => view.includes(markers[format]));
}

function viewOf(content: Uint8Array): Buffer {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}
