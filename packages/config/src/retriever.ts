import { readFile as readFileFromDisk } from 'node:fs/promises';
import { resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import type { ResolveOptions } from './resolve-config.ts';

/** A text that a location or a reference names. */
export interface Retrieved {
  readonly text: string;
  /** What to tell the user about the variable, if anything. */
  readonly warning?: { readonly level: 'warn' | 'info'; readonly message: string };
  /** The name of the file or URL that the text is the whole of; absent when it stands in a variable or in the reference itself. */
  readonly document?: string;
}

/** Why a location or a reference gives nothing; the message is the Collector's. */
export class RetrieveError extends Error {}

/** The schemes of locations and references. */
export const schemes: ReadonlySet<string> = new Set(['env', 'file', 'yaml', 'http', 'https']);

const fetchTimeoutMs = 30_000;
const maxFetchedBytes = 16 * 1024 * 1024;

/** Reads what locations and references name. A file or URL is read once, so that one configuration sees one version of it. */
export class Retriever {
  readonly #options: ResolveOptions;
  readonly #documents = new Map<string, Promise<Retrieved>>();

  constructor(options: ResolveOptions) {
    this.#options = options;
  }

  /** Rejects with a `RetrieveError`. */
  async retrieve(scheme: string, opaque: string): Promise<Retrieved> {
    if (scheme === 'env') return this.#variable(opaque);
    if (scheme === 'yaml') return { text: opaque };
    const uri = `${scheme}:${opaque}`;
    if (!schemes.has(scheme)) throw new RetrieveError(`scheme ${JSON.stringify(scheme)} is not supported for uri ${JSON.stringify(uri)}`);
    let document = this.#documents.get(uri);
    if (document === undefined) {
      document = scheme === 'file' ? this.#file(opaque) : this.#download(uri);
      this.#documents.set(uri, document);
    }
    return document;
  }

  #variable(opaque: string): Retrieved {
    const separator = opaque.indexOf(':-');
    const name = separator < 0 ? opaque : opaque.slice(0, separator);
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
      const rule = 'has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$';
      throw new RetrieveError(`environment variable ${JSON.stringify(name)} ${rule}`);
    }
    const value = Object.hasOwn(this.#options.env, name) ? this.#options.env[name] : undefined;
    if (value === undefined && separator >= 0) return { text: opaque.slice(separator + 2) };
    if (value === undefined) {
      return {
        text: '',
        warning: { level: 'warn', message: `Configuration references unset environment variable ${JSON.stringify(name)}` },
      };
    }
    if (value !== '') return { text: value };
    return { text: '', warning: { level: 'info', message: `Configuration references empty environment variable ${JSON.stringify(name)}` } };
  }

  async #file(path: string): Promise<Retrieved> {
    const readFile = this.#options.readFile ?? readFileFromDisk;
    const bytes = await readFile(resolve(this.#options.cwd, path)).catch((error: unknown) => {
      throw new RetrieveError(`unable to read the file file:${path}: ${reasonOf(error)}`);
    });
    return { text: decodeText(bytes, `file:${path}`), document: path };
  }

  async #download(uri: string): Promise<Retrieved> {
    const { shown, url, headers } = withoutPassword(uri);
    try {
      const fetch = this.#options.fetch ?? globalThis.fetch;
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(fetchTimeoutMs) });
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new RetrieveError(`failed to load resource from uri ${JSON.stringify(shown)}. status code: ${response.status}`);
      }
      return { text: decodeText(await readBody(response, shown), shown), document: shown };
    } catch (error) {
      if (error instanceof RetrieveError) throw error;
      throw new RetrieveError(`unable to download the file via HTTP GET for uri ${JSON.stringify(shown)}: ${reasonOf(error)}`);
    }
  }
}

async function readBody(response: Response, shown: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxFetchedBytes) {
      throw new RetrieveError(`fail to read the response body from uri ${JSON.stringify(shown)}: larger than ${maxFetchedBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decodeText(bytes: Uint8Array, uri: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const line = new TextDecoder().decode(bytes).split('\uFFFD')[0]!.split('\n').length;
    throw new RetrieveError(`unable to read ${uri}: not valid UTF-8 in line ${line}`);
  }
}

/** By shape, since an error may come from another realm. */
function reasonOf(error: unknown): string {
  const { errno, message, cause } = Object(error) as { errno?: unknown; message?: unknown; cause?: { message?: unknown } };
  if (typeof errno === 'number') return getSystemErrorMessage(errno);
  const because = typeof cause?.message === 'string' && cause.message !== '' ? `: ${cause.message}` : '';
  return `${typeof message === 'string' ? message : String(error)}${because}`;
}

/** Takes `user:password@` out of a URL: into a header, and out of what is shown. */
function withoutPassword(uri: string): { readonly shown: string; readonly url: string; readonly headers: Record<string, string> } {
  const [, scheme, credentials, rest] = /^(https?:\/\/)([^/@]*)@(.*)$/s.exec(uri) ?? [];
  if (scheme === undefined) return { shown: uri, url: uri, headers: {} };
  const authorization = `Basic ${Buffer.from(
    credentials!.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16))),
    'latin1',
  ).toString('base64')}`;
  return { shown: `${scheme}[REDACTED]@${rest}`, url: `${scheme}${rest}`, headers: { authorization } };
}
