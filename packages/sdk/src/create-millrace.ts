import type { Call, Moment } from '@millrace/genai';
import { Inlet } from '@millrace/receiver-sdk';
import { readEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { Millrace } from './millrace.ts';
import { optionProblems, pipelineIn } from './options.ts';
import type { MillraceConfig, SdkOptions } from './options.ts';
import { Recorder } from './recording/recorder.ts';
import { SpanCalls } from './span-calls.ts';
import { appTracing } from './tracing/app-tracing.ts';
import { OwnSpan } from './tracing/own-span.ts';
import { Tracing } from './tracing/tracing.ts';
import type { TracedSpan } from './tracing/tracing.ts';
import { version } from './version.ts';

const scopeName = '@millrace/sdk';
const defaultMemoryMib = 64;

/**
 * Makes millrace part of an application: what records, and the pipelines of `config`, which run in this process. `config` has the sections of
 * pipeline.yaml and options of the SDK side by side; or it is the path, URL or text of a pipeline, with the options apart. Without a pipeline,
 * `OTEL_EXPORTER_OTLP_ENDPOINT` makes one; without that nothing is sent and no port is opened.
 *
 * @throws ConfigError with every problem of the configuration.
 */
export async function createMillrace(config: MillraceConfig | string = {}, options: SdkOptions = {}): Promise<Millrace> {
  const given: MillraceConfig = typeof config === 'string' ? options : { ...options, ...config };
  const problems = await optionProblems(given);
  if (problems.length > 0) {
    const { ConfigError } = await import('@millrace/config');
    throw new ConfigError(problems.map((message) => ({ file: 'createMillrace', path: '', message, verdict: 'invalid' })));
  }
  const env = given.env ?? process.env;
  const environment = readEnvironment(env);
  const warn = (message: string, error?: unknown): void => {
    const reason = (error as Partial<Error> | undefined)?.message;
    const line = `${message}${reason === undefined ? '' : ` ${reason}`}\n`;
    if (given.log === undefined) process.stderr.write(`millrace: ${line}`);
    else given.log(line);
  };
  for (const warning of environment.warnings) warn(warning);
  const resource = resourceOf(given, environment);
  const recorder = new Recorder({
    resource,
    scope: { name: scopeName, version },
    ...(given.detail !== undefined && { detail: given.detail }),
    ...(given.prices !== undefined && { prices: given.prices }),
    ...(given.views !== undefined && { views: given.views }),
    report: (error) => warn('The prices cannot be loaded.', error),
  });
  const inlet = new Inlet();
  const sampler = given.sampling === undefined ? environment.sampler : { ratio: given.sampling, parentBased: true };
  const tracing = new Tracing({ name: scopeName, version }, { attributes: resource }, sampler, (span) => inlet.span(span));
  const take: Recorder['recordCall'] = (call, at) => recorder.recordCall(call, at);
  const calls = new SpanCalls(scopeName, take);
  let complained = false;
  const observer = {
    tracing,
    traced: () => inlet.wants('traces') || appTracing() !== undefined,
    record: (call: Call, at: Moment) => recorder.keepCall(call, at),
    // Where spans are the SDK's own there is no OpenTelemetry, and nobody else to tell of the call.
    began: (span: TracedSpan) => (span instanceof OwnSpan ? undefined : calls.began(span.spanContext().spanId)),
    failed: (error: unknown) => {
      // Once is enough: it would repeat with every call.
      if (!complained) warn('A call could not be observed; the call itself is not affected.', error);
      complained = true;
    },
  };
  const millrace = new Millrace({ recorder, inlet, tracing, calls, observer, environment, warn });
  millrace.beforeShutdown(() => recorder.shutdown());
  if (environment.disabled) return millrace;
  try {
    await startParts(millrace, config, given, { inlet, environment, resource, env, warn, take });
  } catch (error) {
    await millrace.shutdown().catch(() => {});
    throw error;
  }
  return millrace;
}

interface StartParts {
  readonly inlet: Inlet;
  readonly environment: Environment;
  readonly resource: Readonly<Record<string, string | number | boolean>>;
  readonly env: NonNullable<SdkOptions['env']>;
  readonly warn: (message: string, error?: unknown) => void;
  readonly take: Recorder['recordCall'];
}

async function startParts(millrace: Millrace, config: MillraceConfig | string, given: MillraceConfig, parts: StartParts): Promise<void> {
  const { inlet, environment, resource, env, take } = parts;
  const pipeline = typeof config === 'string' ? config : (pipelineIn(config) ?? environment.pipeline);
  if (pipeline !== undefined) {
    // Loaded with the first pipeline: an application that only records does without.
    const { startPipeline } = await import('./pipeline.ts');
    const { sdkExporter } = await import('./sdk-exporter.ts');
    const service = await startPipeline({
      config: pipeline,
      inlet,
      exporter: sdkExporter(scopeName, take),
      env,
      logLevel: environment.logLevel ?? 'warn',
      log: given.log,
      memoryLimitMib: given.memoryLimitMib ?? defaultMemoryMib,
    });
    millrace.hasPipeline = true;
    millrace.beforeShutdown(() => service.shutdown());
    readRegistry(millrace, given, parts);
  }
  if (given.prometheus !== undefined) {
    const { openScrapePort } = await import('./scrape-port.ts');
    const port = await openScrapePort(millrace.recorder.registry, given.prometheus);
    millrace.scrapeUrl = port.url;
    millrace.beforeShutdown(() => port.close());
  }
  if (given.sdkNode !== undefined && given.sdkNode !== false) {
    const { startNodeSdk } = await import('./node-sdk.ts');
    const sdk = await startNodeSdk({
      spanProcessor: millrace.spanProcessor(),
      metricReader: millrace.metricReader(),
      logRecordProcessor: millrace.logRecordProcessor(),
      resource,
      sampling: given.sampling,
      settings: given.sdkNode === true ? {} : given.sdkNode,
    });
    millrace.beforeShutdown(() => sdk.shutdown());
  }
}

/** Brings what is recorded into the pipelines, at the interval of each reader and once at the end. */
function readRegistry(millrace: Millrace, { readers = [{}] }: SdkOptions, { inlet, environment, warn }: StartParts): void {
  if (!inlet.wants('metrics')) return;
  for (const { intervalMs = environment.metricIntervalMs, ...options } of readers) {
    const reader = millrace.recorder.registry.reader(options);
    const read = (): Promise<void> => inlet.batch('metrics', (pool) => reader.batch(pool));
    const timer = setInterval(() => void read().catch((error: unknown) => warn('What is recorded was not taken.', error)), intervalMs);
    timer.unref();
    millrace.beforeShutdown(async () => {
      clearInterval(timer);
      await read();
      reader.close();
    });
  }
}

function resourceOf({ serviceName, resource }: SdkOptions, environment: Environment): Record<string, string | number | boolean> {
  return {
    'service.name': 'unknown_service:node',
    ...environment.resource,
    ...resource,
    ...(serviceName !== undefined && { 'service.name': serviceName }),
  };
}
