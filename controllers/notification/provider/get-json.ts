import { isRecord, type JsonRecord } from '../json-record.ts';
import { type HttpClient, HttpStatusError } from './http.ts';

/** Asks an API for JSON. @param what completes `could not …` @throws Error `could not list commit statuses: …` */
export async function getJson(
  http: HttpClient,
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  what: string,
): Promise<unknown> {
  try {
    return parseJson((await http.send(url, { method: 'GET', headers, signal })).body, what);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`could not ${what}: ${why}`, { cause: error });
  }
}

/** As getJson, undefined for what does not exist. */
export async function findJson(...parameters: Parameters<typeof getJson>): Promise<unknown> {
  try {
    return await getJson(...parameters);
  } catch (error) {
    if (error instanceof Error && error.cause instanceof HttpStatusError && error.cause.status === 404)
      return undefined;
    throw error;
  }
}

/** The objects of a list. @throws Error when it is none */
export function recordsOf(value: unknown, what: string): readonly JsonRecord[] {
  if (!Array.isArray(value)) throw new Error(`could not ${what}: the answer is no JSON list`);
  return value.filter(isRecord);
}

/** @throws Error, never with the text itself */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`could not ${what}: the answer is no JSON`);
  }
}
