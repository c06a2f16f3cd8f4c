import { writeFile } from 'node:fs/promises';
import type { Clock, Context, Extension, Host } from '@millrace/api';
import { createHttpServer, getRoute, httpReply, httpServerSettings } from '@millrace/transport';
import type { HttpExchange, HttpReply, HttpRoute, HttpServerConfig, Server } from '@millrace/transport';
import type { PprofConfig } from './config.ts';
import { profileCpu, profileHeap } from './profiler.ts';
import type { RunningProfile } from './profiler.ts';

const longestSeconds = 600;
/** A profile of the whole run should cost little: 20 ms are a third of a percent of a core, 10 ms three times as much. */
const savedIntervalMs = 20;
const index = `profile?seconds=30  what the main thread spends its time on
heap?seconds=5      what was allocated meanwhile and is still in use
cmdline             the command line

Open with: go tool pprof http://HOST:PORT/debug/pprof/profile
With &format=chrome: a file for the developer tools of Chrome.
`;

/** Serves `/debug/pprof/` from its start to its shutdown, and saves a profile of the whole run if it is told to. */
export class Pprof implements Extension {
  readonly #config: PprofConfig;
  readonly #context: Context;
  #server: Server | undefined;
  #saved: RunningProfile | undefined;
  /** Ends the profiles that are being taken. */
  readonly #stopping = new AbortController();
  #busy = false;

  constructor(config: PprofConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  async start(host: Host): Promise<void> {
    const { endpoint, save_to_file: file } = this.#config;
    if (file !== '') {
      // Found out now rather than at the end.
      await writeFile(file, '');
      this.#saved = await profileCpu(savedIntervalMs);
    }
    const text = (body: string): HttpReply => httpReply(200, 'text/plain; charset=utf-8', body);
    const routes = new Map<string, HttpRoute>([
      ['/debug/pprof/', getRoute(() => text(index))],
      ['/debug/pprof/cmdline', getRoute(() => text(process.argv.join('\0')))],
      ['/debug/pprof/profile', getRoute((exchange) => this.#take(exchange, () => profileCpu(), 30, 'cpuprofile'))],
      ['/debug/pprof/heap', getRoute((exchange) => this.#take(exchange, profileHeap, 5, 'heapprofile'))],
    ]);
    this.#server = createHttpServer(httpServerSettings(server(endpoint), this.#context, host), routes, host.pool);
    this.#context.logger.info('Starting net/http/pprof server', { endpoint: await this.#server.start() });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#stopping.abort();
    await this.#server?.stop(signal);
    const saved = this.#saved;
    this.#saved = undefined;
    if (saved !== undefined) await writeFile(this.#config.save_to_file, (await saved.stop()).pprof());
  }

  async #take(exchange: HttpExchange, start: () => Promise<RunningProfile>, defaultSeconds: number, extension: string): Promise<HttpReply> {
    const query = new URLSearchParams(exchange.url.split('?')[1]);
    const seconds = Number(query.get('seconds') ?? defaultSeconds);
    if (!(seconds > 0 && seconds <= longestSeconds)) {
      return httpReply(400, 'text/plain; charset=utf-8', `seconds must be more than 0 and at most ${longestSeconds}\n`);
    }
    if (this.#busy) return httpReply(503, 'text/plain; charset=utf-8', 'another profile is being taken\n');
    this.#busy = true;
    const left = new AbortController();
    exchange.onLeave(() => left.abort());
    try {
      const running = await start();
      await pause(this.#context.clock, seconds * 1000, AbortSignal.any([this.#stopping.signal, left.signal]));
      const profile = await running.stop();
      if (left.signal.aborted) return httpReply(503, 'text/plain; charset=utf-8', 'the client has left\n');
      if (query.get('format') !== 'chrome') return httpReply(200, 'application/octet-stream', profile.pprof());
      const { status, headers, body } = httpReply(200, 'application/json', profile.chrome());
      return { status, headers: [...headers, 'Content-Disposition', `attachment; filename="millrace.${extension}"`], body };
    } finally {
      this.#busy = false;
    }
  }
}

/** A profile takes as long as it is asked to: nothing is cut off meanwhile. */
function server(endpoint: string): HttpServerConfig {
  return {
    endpoint,
    transport: 'tcp',
    max_request_body_size: 0,
    include_metadata: false,
    response_headers: {},
    compression_algorithms: [''],
    read_timeout: '0s',
    read_header_timeout: '1m',
    write_timeout: '0s',
    idle_timeout: '1m',
    keep_alives_enabled: true,
  };
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, delayMs);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
