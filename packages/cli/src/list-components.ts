import type { Factory, FactoryEntry } from '@millrace/api';
import { stringify } from 'yaml';

function stabilityOf(factory: Factory): unknown {
  if (factory.kind === 'extension') return { extension: factory.stability };
  if (factory.kind !== 'connector') return factory.stability;
  const pairs: Record<string, string> = {};
  for (const [from, targets] of Object.entries(factory.signals)) {
    for (const [to, level] of Object.entries(targets)) pairs[`${from}-to-${to}`] = level;
  }
  return pairs;
}

/** The answer of `millrace components`: YAML in the Collector's layout. */
export async function listComponents(components: readonly FactoryEntry[], version: string): Promise<string> {
  const list: Record<string, unknown[]> = { receivers: [], processors: [], exporters: [], connectors: [], extensions: [] };
  for (const entry of components) {
    const { factory } = await entry.load();
    list[`${entry.kind}s`].push({
      name: entry.type,
      module: `@millrace/${entry.kind} ${entry.type} v${version}`,
      stability: stabilityOf(factory),
    });
  }
  const buildinfo = { command: 'millrace', description: 'millrace, an OpenTelemetry Collector extended in TypeScript', version };
  const providers = ['env', 'file', 'http', 'https', 'yaml'].map((scheme) => ({ scheme, module: `@millrace/config v${version}` }));
  return stringify({ buildinfo, ...list, providers });
}
