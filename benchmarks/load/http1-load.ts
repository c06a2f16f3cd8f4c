import { connect } from 'node:net';

/** What a load generator has seen since it started. */
export interface LoadCounters {
  /** Requests answered with success. */
  acknowledged: number;
  /** Requests answered with anything else. */
  refused: number;
  /** Connections that broke. */
  failed: number;
}

const retryAfterMs = 100;
const paceMs = 5;

/**
 * Sends HTTP/1.1 requests (head and body in one buffer) over `connections` keep-alive connections, each with one request in flight, for as long as the
 * returned function is not called; at most `requestsPerSecond` of them.
 * A refused request is followed by the next one after 100 ms; the first refusal is printed.
 */
export function startHttp1Load(
  port: number,
  nextRequest: () => Buffer,
  connections: number,
  counters: LoadCounters,
  requestsPerSecond: number,
): () => void {
  let stopped = false;
  let sent = 0;
  let started = 0;
  const waiting: (() => void)[] = [];
  const due = (): boolean => requestsPerSecond === Infinity || sent < ((performance.now() - started) / 1000) * requestsPerSecond;
  if (requestsPerSecond !== Infinity) {
    started = performance.now();
    setInterval(() => {
      for (let count = waiting.length; count > 0; count--) waiting.shift()!();
    }, paceMs).unref();
  }
  for (let c = 0; c < connections; c++) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let unread = '';
    const send = (): void => {
      if (stopped) socket.end();
      else if (due()) {
        sent++;
        socket.write(nextRequest());
      } else waiting.push(send);
    };
    socket.on('connect', send);
    socket.on('error', () => counters.failed++);
    socket.on('data', (chunk: Buffer) => {
      unread += chunk.latin1Slice(0, chunk.length);
      const headEnd = unread.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = /content-length: *(\d+)/i.exec(unread.slice(0, headEnd));
      if (unread.length < headEnd + 4 + Number(length?.[1] ?? 0)) return;
      const accepted = unread.startsWith('HTTP/1.1 2');
      if (!accepted && counters.refused === 0) console.error(`first refusal: ${JSON.stringify(unread)}`);
      unread = '';
      if (accepted) {
        counters.acknowledged++;
        send();
      } else {
        counters.refused++;
        setTimeout(send, retryAfterMs);
      }
    });
  }
  return () => {
    stopped = true;
  };
}
