import type { ComponentKind, Factory, FactoryEntry } from '@millrace/api';
import type { Catalog } from '@millrace/config';
import type { PluginLoading } from './plugins/load-plugin.ts';

/** What the configuration may name: the distribution's components, plugins, and hints for what the Collector has and this distribution has not. */
export function catalogOf(
  components: readonly FactoryEntry[],
  unsupported: (kind: ComponentKind, type: string) => string | undefined,
  plugins: PluginLoading = { cwd: process.cwd() },
): Catalog {
  return {
    types: (kind) => components.filter((entry) => entry.kind === kind).map(({ type, aliases = [] }) => ({ type, aliases })),
    component: async (kind, type): Promise<Factory> => {
      const entry = components.find((known) => known.kind === kind && known.type === type);
      if (entry === undefined) throw new Error(`the distribution has no ${kind} "${type}"`);
      return (await entry.load()).factory;
    },
    unsupported,
    // Loaded when a configuration has plugins: it changes how modules are resolved.
    plugin: async (name, from) => (await import('./plugins/load-plugin.ts')).loadPlugin(name, from, plugins),
  };
}
