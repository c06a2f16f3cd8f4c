import type { Position } from './problem.ts';

/** The kinds of components, as the singular of their section's name. */
export type ComponentKind = 'receiver' | 'processor' | 'exporter' | 'connector' | 'extension';

/** The kinds in the order in which the Collector lists their sections. */
export const componentKinds: readonly ComponentKind[] = ['receiver', 'processor', 'exporter', 'connector', 'extension'];

/** A kind with its article, as in `an exporter`. */
export function withArticle(kind: ComponentKind): string {
  return `${kind === 'exporter' || kind === 'extension' ? 'an' : 'a'} ${kind}`;
}

/** What the configuration of a component is checked with. */
export interface ComponentSchema {
  /** JSON Schema. Absent: the component has no settings. */
  readonly configSchema?: object;
  /** Rules across fields, asked only when the schema is satisfied: every problem as a text, with `path: ` (joined with `::`) before it below the top. */
  validateConfig?(config: never): readonly string[];
}

/** A plugin that a configuration names. */
export interface LoadedPlugin {
  readonly kind: ComponentKind;
  readonly type: string;
  /** Where its code is, so that other threads load the same. */
  readonly url: string;
  readonly schema: ComponentSchema;
  /** Where its schema stands. */
  readonly schemaPosition?: Position | undefined;
}

/** What a distribution has, as far as checking a configuration needs it. */
export interface Catalog {
  /** The types of a kind, with the older names that are accepted too. */
  types(kind: ComponentKind): readonly { readonly type: string; readonly aliases?: readonly string[] }[];
  /** Loads what checks one type (its canonical name). Called only for types that the configuration names. */
  component(kind: ComponentKind, type: string): Promise<ComponentSchema>;
  /** For a type that the Collector has and this distribution has not: a hint that names the nearest alternative. Otherwise undefined. */
  unsupported?(kind: ComponentKind, type: string): string | undefined;
  /**
   * Loads a plugin by path or package name, relative to the configuration file `from` when it is named in one. Rejects with a `PluginLoadError`.
   * Absent: there are no plugins here.
   */
  plugin?(name: string, from: string | undefined): Promise<LoadedPlugin>;
}
