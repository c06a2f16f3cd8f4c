import type { ExporterFactory, ExporterPluginFactory, Factory, PluginSettings, ProcessorFactory } from '@millrace/api';
import { createExporter, exporterScope, queueSchema, retrySchema, timeoutSchema, validateSettings } from '@millrace/exporter-helper';
import type { ExporterSettings } from '@millrace/exporter-helper';
import { IsolatedProcessor } from './isolated-processor.ts';

/** A plugin's factory with what only the running program can give it: threads for `isolate: worker`, queues for exporters. */
export function adoptPlugin(factory: Factory, url: string): Factory {
  if (factory.kind === 'exporter' && 'open' in factory) return withQueue(factory as unknown as ExporterPluginFactory<never>) as Factory;
  const { properties = {} } = (factory.configSchema ?? {}) as { readonly properties?: object };
  if (factory.kind === 'processor' && 'isolate' in properties)
    return withThread(factory as ProcessorFactory<PluginSettings>, url) as Factory;
  return factory;
}

function withThread(factory: ProcessorFactory<PluginSettings>, url: string): ProcessorFactory<PluginSettings> {
  return {
    ...factory,
    needsStage: (config) => config.isolate === 'worker' || factory.needsStage?.(config) === true,
    create: (config, next, context) =>
      config.isolate === 'worker' ? new IsolatedProcessor(url, config, next, context) : factory.create!(config, next, context),
  };
}

const settings = { timeout: timeoutSchema, retry_on_failure: retrySchema, sending_queue: queueSchema };

function withQueue(factory: ExporterPluginFactory<never>): ExporterFactory<ExporterSettings> {
  const schema = factory.configSchema as { readonly properties: object };
  return {
    kind: 'exporter',
    type: factory.type,
    stability: factory.stability,
    configSchema: { ...schema, properties: { ...settings, ...schema.properties } },
    scope: exporterScope,
    validateConfig: validateSettings,
    create: (config, context) => createExporter({ config, context, ...factory.open(config as never, context) }),
  };
}
