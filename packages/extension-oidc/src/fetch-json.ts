import { get } from 'node:http';
import { get as getTls } from 'node:https';
import type { ClientTls } from '@millrace/transport';

/** As in the Collector: an issuer that takes longer counts as unreachable. */
const timeoutMs = 5_000;
const maxBytes = 1024 * 1024;

/** Gets a JSON document. Rejects for any status but 200, and after 5 s. */
export function fetchJson(url: string, tls: ClientTls | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { agent: false as const, signal: AbortSignal.timeout(timeoutMs), headers: { accept: 'application/json' } };
    const request = url.startsWith('https:') ? getTls(url, { ...options, ...tls?.connectionOptions() }) : get(url, options);
    request.once('error', (error) => reject(error.name === 'AbortError' ? new Error('i/o timeout', { cause: error }) : error));
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) request.destroy(new Error('the response is too long'));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  });
}
