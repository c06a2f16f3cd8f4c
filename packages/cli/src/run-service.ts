import { availableParallelism } from 'node:os';
import type { CheckedConfig } from '@millrace/config';
import { components } from '@millrace/distribution';
import { Service } from '@millrace/service';
import { firstSteps } from './first-steps.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

/**
 * Runs the pipelines until SIGINT or SIGTERM asks for a graceful stop (resolves) or a component fails (rejects). SIGHUP is logged and
 * otherwise ignored; an error that nobody handled is logged and counted, it does not end the process.
 */
export async function runService(config: CheckedConfig, terminal: Terminal, showFirstSteps: boolean): Promise<void> {
  const service = await Service.create({ config, components, program: { name: 'millrace', version }, writeLog: terminal.stderr });
  const { logger } = service;
  const { promise: stopRequested, resolve: stop } = Promise.withResolvers<undefined>();
  const listeners: [string, (...values: never[]) => void][] = [
    ['SIGINT', () => stop(undefined)],
    ['SIGTERM', () => stop(undefined)],
    [
      'SIGHUP',
      () => logger.warn('Received signal from OS; reloading is not supported, restart to apply a new configuration.', { signal: 'SIGHUP' }),
    ],
    ['uncaughtException', (error: unknown) => logger.error('An error was not handled.', { error: String(error) })],
    ['unhandledRejection', (error: unknown) => logger.error('A rejection was not handled.', { error: String(error) })],
  ];
  for (const [event, listener] of listeners) terminal.events.on(event, listener as () => void);
  try {
    logger.info('Starting millrace...', { Version: version, NumCPU: availableParallelism() });
    for (const warning of config.warnings) {
      const { level, message, path, file, line, column, suggestion } = warning;
      const at = [file, line, column].filter((part) => part !== undefined).join(':');
      logger[level](message, { path, at, ...(suggestion !== undefined && { did_you_mean: suggestion }) });
    }
    const started = service.start();
    await Promise.race([started, stopRequested]);
    if (showFirstSteps) terminal.stdout(firstSteps(config, Date.now()));
    const failure = await Promise.race([service.failure, stopRequested]);
    if (failure === undefined) logger.info('Received signal from OS');
    await started.catch(() => {});
    await service.shutdown();
    if (failure !== undefined) throw failure;
  } finally {
    for (const [event, listener] of listeners) terminal.events.off(event, listener as () => void);
  }
}
