import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { CallServer } from './calls.ts';
import type { CallMessage, ThreadData } from './calls.ts';

/** The script of a thread of a store: this file, wherever it was bundled to. */
export const scriptUrl: URL = new URL(import.meta.url);

const data = (workerData as { readonly millraceHistory?: ThreadData } | null)?.millraceHistory;

if (!isMainThread && parentPort !== null && data !== undefined) {
  const port = parentPort;
  const server = new CallServer(
    data,
    (message) => port.postMessage(message, transferred(message.value)),
    (message) => port.postMessage(message),
  );
  port.on('message', (message: CallMessage | 'close') => {
    if (message !== 'close') return server.receive(message);
    server.close();
    port.close();
  });
  port.postMessage('ready');
}

/** The numbers of an answer change their thread without being copied. */
function transferred(value: unknown): ArrayBuffer[] {
  const parts = (
    value as { readonly parts?: readonly { times: Float64Array<ArrayBuffer>; values: Float64Array<ArrayBuffer> }[] } | undefined
  )?.parts;
  return parts === undefined ? [] : parts.flatMap(({ times, values }) => [times.buffer, values.buffer]);
}
