import type { ComponentKind, Factory, FactoryEntry } from '@millrace/api';
import type { Catalog } from '@millrace/config';

/** What the configuration may name: the distribution's components, and hints for those of the Collector that it does not have. */
export function catalogOf(
  components: readonly FactoryEntry[],
  unsupported: (kind: ComponentKind, type: string) => string | undefined,
): Catalog {
  return {
    types: (kind) => components.filter((entry) => entry.kind === kind).map(({ type, aliases = [] }) => ({ type, aliases })),
    component: async (kind, type): Promise<Factory> => {
      const entry = components.find((known) => known.kind === kind && known.type === type);
      if (entry === undefined) throw new Error(`the distribution has no ${kind} "${type}"`);
      return (await entry.load()).factory;
    },
    unsupported,
  };
}
