import { StringDecoder } from 'node:string_decoder';

/** Text lines out of bytes, without their line ends; empty lines are left out, a last line needs no end. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = []; // a long line comes in many chunks: it is put together once
  for await (const chunk of chunks) {
    const text = decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      parts.push(text.slice(start, end));
      const line = parts.length === 1 ? (parts[0] ?? '') : parts.join('');
      parts = [];
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < text.length) parts.push(text.slice(start));
  }
  const rest = parts.join('') + decoder.end();
  if (rest !== '') yield rest;
}
