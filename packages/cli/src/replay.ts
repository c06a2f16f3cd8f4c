import { resolve } from 'node:path';
import type { Signal } from '@millrace/api';
import { replayLog } from '@millrace/extension-file-storage';
import { createHttpClient, type HttpClient, readExportResponse, userAgent } from '@millrace/transport';
import type { Arguments } from './arguments.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

const timeoutMs = 30_000;

/** The versions of the OTLP paths that are not v1. */
const pathOf = (signal: Signal): string => (signal === 'profiles' ? 'v1development/profiles' : `v1/${signal}`);

/**
 * Sends the stored batches below a path as OTLP over HTTP and marks what was delivered. What the destination refuses for good is kept and
 * reported; when it fails for the moment the command ends with an error, and the next one goes on there.
 */
export async function replay({ operands, to, header }: Arguments, terminal: Terminal): Promise<void> {
  const [path] = operands;
  if (path === undefined || operands.length > 1)
    throw new Error('replay needs one path: the directory of a stored queue, or a segment file of one');
  if (to === undefined) throw new Error('replay needs --to <url>, such as --to http://localhost:4318');
  const headers = headersOf(header);
  const clients = new Map<Signal, HttpClient>();
  const clientOf = (signal: Signal): HttpClient => {
    let client = clients.get(signal);
    if (client === undefined) {
      client = createHttpClient({ url: urlOf(to, signal), compression: 'gzip', headers });
      clients.set(signal, client);
    }
    return client;
  };
  let sentBatches = 0;
  try {
    const { delivered, refused, damagedBytes } = await replayLog(resolve(terminal.cwd, path), async ({ signal, items, request }) => {
      const { status, body } = await clientOf(signal).send(request, AbortSignal.timeout(timeoutMs));
      if (status === 429 || status === 502 || status === 503 || status === 504) throw new Error(`the destination answers ${status}`);
      if (status < 200 || status > 299) {
        terminal.stderr(`The destination refuses a batch of ${items} items with status ${status}: ${body.toString('utf8', 0, 200)}\n`);
        return false;
      }
      const partial = readPartial(body);
      if (partial !== undefined)
        terminal.stderr(`The destination rejected ${partial.rejectedItems} of ${items} items: ${partial.message}\n`);
      sentBatches++;
      return true;
    });
    if (damagedBytes > 0) terminal.stderr(`${damagedBytes} bytes are damaged: no batch can be recognised in them\n`);
    terminal.stdout(`${delivered} batches delivered, ${refused} refused and kept\n`);
    if (refused > 0) throw new Error(`${refused} batches were refused`);
  } catch (error) {
    throw new Error(`${(error as Error).message} (${sentBatches} batches are delivered and marked)`, { cause: error });
  } finally {
    await Promise.all([...clients.values()].map((client) => client.close()));
  }
}

function urlOf(base: string, signal: Signal): URL {
  try {
    const url = new URL(base);
    if (!/^https?:$/.test(url.protocol)) throw new Error(url.protocol);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${pathOf(signal)}`;
    return url;
  } catch {
    throw new Error(`--to ${base} is not a URL`);
  }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/x-protobuf',
    'user-agent': userAgent({ name: 'millrace', version }),
  };
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new Error(`--header needs the form "Name: value"`);
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function readPartial(body: Buffer): { readonly rejectedItems: number; readonly message: string } | undefined {
  try {
    return body.length === 0 ? undefined : readExportResponse(body);
  } catch {
    return undefined;
  }
}
