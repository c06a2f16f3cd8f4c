import { Document, isScalar, Scalar, visit } from 'yaml';
import type { CheckedComponent, CheckedConfig } from './checked-config.ts';
import { plainScalar } from './plain-scalar.ts';
import { redact } from './redact.ts';
import { telemetrySchema } from './telemetry.ts';

/**
 * The configuration as text, defaults included. `redacted` shows `[REDACTED]` for every secret. Both formats are indented by two spaces and end
 * with a newline. Read again, `unredacted` YAML means the same, but for `$`, which it does not escape (as the Collector does not).
 */
export function printConfig(config: CheckedConfig, mode: 'redacted' | 'unredacted', format: 'yaml' | 'json'): string {
  const shown = printable(config, mode === 'redacted');
  return format === 'json' ? `${JSON.stringify(shown, exactInteger, 2)}\n` : toYaml(shown);
}

function printable(config: CheckedConfig, hideSecrets: boolean): object {
  const section = (components: ReadonlyMap<string, CheckedComponent>): object => {
    const shown = [...components.values()].map((one) => [
      one.id,
      hideSecrets ? redact(one.configSchema, one.config, one.configSchema) : one.config,
    ]);
    return Object.fromEntries(shown) as object;
  };
  const { extensions, pipelines, telemetry } = config.service;
  const { resource, resourceSchemaUrl, defaultReader: _, ...others } = telemetry;
  const attributes = [...resource].map(([name, value]) => ({ name, value }));
  const withResource = { ...others, resource: { attributes, ...(resourceSchemaUrl !== undefined && { schema_url: resourceSchemaUrl }) } };
  return {
    ...(config.plugins.length > 0 && { plugins: config.plugins.map(({ name }) => name) }),
    receivers: section(config.receivers),
    processors: section(config.processors),
    exporters: section(config.exporters),
    connectors: section(config.connectors),
    extensions: section(config.extensions),
    service: {
      telemetry: hideSecrets ? redact(telemetrySchema, withResource, telemetrySchema) : withResource,
      extensions,
      pipelines: Object.fromEntries(
        [...pipelines.values()].map(({ id, receivers, processors, exporters }) => [id, { receivers, processors, exporters }]),
      ),
    },
  };
}

/** A bigint as JSON. */
function exactInteger(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value)) : value;
}

function toYaml(value: object): string {
  const document = new Document(value);
  visit(document, {
    Scalar: (_, node) => {
      const readsOtherwise = isScalar(node) && typeof node.value === 'string' && plainScalar(node.value) !== node.value;
      if (readsOtherwise) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 });
}
