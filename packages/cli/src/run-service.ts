import { availableParallelism } from 'node:os';
import type { Logger } from '@millrace/api';
import type { CheckedConfig } from '@millrace/config';
import { components } from '@millrace/distribution';
import { Service } from '@millrace/service';
import { firstSteps } from './first-steps.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

/** What the command line says of a run. */
export interface RunOptions {
  readonly firstSteps: boolean;
  /** Threads that share the work, the main one included; default `GOMAXPROCS`, else one for each core. */
  readonly workers?: number;
  readonly featureGates: ReadonlySet<string>;
}

/**
 * Runs the pipelines until SIGINT or SIGTERM asks for a graceful stop (resolves) or a component fails (rejects). On SIGHUP the configuration
 * is read again and everything is stopped and started with it; one that is wrong ends the process with its error, as the Collector does. An
 * error that nobody handled is logged, it does not end the process.
 */
export async function runService(readConfig: () => Promise<CheckedConfig>, terminal: Terminal, options: RunOptions): Promise<void> {
  let logger: Logger | undefined;
  const requests = new Requests();
  const listeners: [string, (...values: never[]) => void][] = [
    ['SIGINT', () => requests.add('stop')],
    ['SIGTERM', () => requests.add('stop')],
    ['SIGHUP', () => requests.add('reload')],
    ['uncaughtException', (error: unknown) => logger?.error('An error was not handled.', { error: String(error) })],
    ['unhandledRejection', (error: unknown) => logger?.error('A rejection was not handled.', { error: String(error) })],
  ];
  let config = await readConfig();
  for (const [event, listener] of listeners) terminal.events.on(event, listener as () => void);
  try {
    for (let first = true; ; first = false) {
      const service = await createService(config, terminal, options);
      ({ logger } = service);
      logWarnings(config, logger);
      const started = service.start();
      await Promise.race([started, requests.next()]);
      if (first && options.firstSteps) terminal.stdout(firstSteps(config, Date.now()));
      const end = await Promise.race([service.failure, requests.next()]);
      if (end === 'stop') logger.info('Received signal from OS');
      if (end === 'reload') logger.warn('Config updated, restart service');
      await started.catch(() => {});
      await service.shutdown();
      if (end instanceof Error) throw end;
      if (end === 'stop') return;
      requests.take();
      config = await readConfig();
    }
  } finally {
    for (const [event, listener] of listeners) terminal.events.off(event, listener as () => void);
  }
}

/** What signals asked for and nobody has done yet; a stop comes before any reload. */
class Requests {
  #pending: 'stop' | 'reload' | undefined;
  #arrived = Promise.withResolvers<void>();

  add(request: 'stop' | 'reload'): void {
    if (this.#pending !== 'stop') this.#pending = request;
    this.#arrived.resolve();
  }

  /** Resolves as soon as there is a request, which stays. */
  async next(): Promise<'stop' | 'reload'> {
    await this.#arrived.promise;
    return this.#pending!;
  }

  /** The reload is being done. A stop stays. */
  take(): void {
    if (this.#pending !== 'reload') return;
    this.#pending = undefined;
    this.#arrived = Promise.withResolvers();
  }
}

function createService(config: CheckedConfig, terminal: Terminal, options: RunOptions): Promise<Service> {
  const { workerScript } = terminal;
  return Service.create({
    config,
    components,
    program: { name: 'millrace', version },
    featureGates: options.featureGates,
    streams: terminal,
    ...(workerScript !== undefined && { workers: { threads: threadCount(options, terminal) - 1, script: workerScript } }),
  });
}

function logWarnings(config: CheckedConfig, logger: Logger): void {
  logger.info('Starting millrace...', { Version: version, NumCPU: availableParallelism() });
  for (const warning of config.warnings) {
    const { level, message, path, file, line, column, suggestion } = warning;
    const at = [file, line, column].filter((part) => part !== undefined).join(':');
    logger[level](message, { path, at, ...(suggestion !== undefined && { did_you_mean: suggestion }) });
  }
}

function threadCount({ workers }: RunOptions, { env }: Terminal): number {
  if (workers !== undefined) return workers;
  const hint = Number(env['GOMAXPROCS']);
  return Number.isInteger(hint) && hint > 0 ? hint : availableParallelism();
}
