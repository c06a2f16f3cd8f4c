import type { FactoryEntry } from '@millrace/api';
import { checkConfig, ConfigError, resolveConfig } from '@millrace/config';
import type { CheckedConfig } from '@millrace/config';
import { components, unsupportedHint } from '@millrace/distribution';
import type { Inlet } from '@millrace/receiver-sdk';
import { catalogOf, Service } from '@millrace/service';
import type { Variables } from './environment.ts';
import { version } from './version.ts';

/** What a pipeline in the application's process is made from. */
export interface PipelineOptions {
  /** An object in the grammar of pipeline.yaml; a path or URL of one; or its text. */
  readonly config: object | string;
  readonly inlet: Inlet;
  /** Exporter `sdk`. */
  readonly exporter: FactoryEntry;
  readonly env: Variables;
  readonly logLevel: string;
  readonly log: ((line: string) => void) | undefined;
  readonly memoryLimitMib: number;
}

/** What errors call a configuration that has no file. */
const here = 'createMillrace';

/**
 * Starts pipelines in this process. No port is opened but those that the configuration names: own metrics have no reader unless one is
 * written. Throws a `ConfigError` with every problem, or what a component says that cannot start.
 */
export async function startPipeline(options: PipelineOptions): Promise<Service> {
  const receiver: FactoryEntry = {
    kind: 'receiver',
    type: 'sdk',
    load: () => Promise.resolve({ factory: options.inlet.factory as never }),
  };
  const others = components.filter(({ kind, type }) => type !== 'sdk' || kind !== 'receiver');
  const entries = [...others, receiver, options.exporter];
  const checked = await check(options, entries);
  const service = await Service.create({
    config: checked,
    components: entries,
    program: { name: '@millrace/sdk', version },
    memoryBudgetBytes: options.memoryLimitMib * 1024 * 1024,
    ...(options.log !== undefined && { writeLog: options.log }),
  });
  for (const { level, path, message } of checked.warnings) service.logger[level](message, { path });
  await service.start();
  void service.failure.then(() => service.shutdown().catch(() => {}));
  return service;
}

async function check({ config, env, logLevel }: PipelineOptions, entries: readonly FactoryEntry[]): Promise<CheckedConfig> {
  // Before the application's own: what it says of its log counts.
  const defaults = `yaml:service: { telemetry: { logs: { level: ${logLevel} } } }`;
  try {
    const resolved = await resolveConfig({ locations: [defaults, locationOf(config)], env, cwd: process.cwd() });
    return withoutDefaultReader(await checkConfig(resolved, catalogOf(entries, unsupportedHint)));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Lines of a text that nobody wrote mean nothing to anybody.
    const isText = typeof config !== 'string';
    throw new ConfigError(error.problems.map((problem) => ({ ...problem, ...(isText && withoutLine(problem)) })));
  }
}

function withoutLine(problem: ConfigError['problems'][number]): object {
  const { line: _, column: __, ...rest } = problem;
  return { ...rest, line: undefined, column: undefined, file: here };
}

function locationOf(config: object | string): string {
  if (typeof config !== 'string') return `yaml:${JSON.stringify(config, null, 1)}`;
  return config.includes('\n') ? `yaml:${config}` : config;
}

/** Without the port that the standalone program serves its own metrics at when nobody says otherwise. */
function withoutDefaultReader(config: CheckedConfig): CheckedConfig {
  const { telemetry } = config.service;
  if (!telemetry.defaultReader) return config;
  return { ...config, service: { ...config.service, telemetry: { ...telemetry, metrics: { level: 'none', readers: [] } } } };
}
