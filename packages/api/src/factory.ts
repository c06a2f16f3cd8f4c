import type { Signal, Visitor } from '@millrace/wire';
import type { Component, ComponentKind, Context } from './component.ts';
import type { Consumer } from './consumer.ts';

/** How far a component is for a signal, in the Collector's words. */
export type Stability = 'development' | 'alpha' | 'beta' | 'stable';

/**
 * `worker`: each worker has an instance of its own, which sees a share of the data. `process`: one instance for all, on the main thread, to
 * which the workers send whole batches. A receiver or extension whose port or files workers cannot share is `process`, and so is an exporter
 * or connector that must see everything (a scrape page, a file, a durable queue).
 */
export type Scope = 'worker' | 'process';

/** What all factories share. `C` is the type of the checked configuration. */
export interface FactoryBase<C> {
  /** lower_snake_case, as in `otlp_http`. */
  readonly type: string;
  /** JSON Schema of the configuration, with defaults and descriptions. Absent: the component has no settings. */
  readonly configSchema?: object;
  /** Where its instances live when the process has several workers; a function when the configuration decides. Default `worker`. */
  readonly scope?: Scope | ((config: C) => Scope);
  /** The components that instances of this one make for themselves, of `host.factory`: they are loaded with this one. */
  readonly wraps?: readonly { readonly kind: ComponentKind; readonly type: string }[];
  /** Rules across fields: every problem as `path: message`, path relative to the component and joined with `::`; empty when all is well. */
  validateConfig?(config: C): readonly string[];
}

/** A factory for signals. */
export interface SignalFactory<C> extends FactoryBase<C> {
  /** The supported signals. */
  readonly stability: Partial<Record<Signal, Stability>>;
}

/**
 * Makes receivers. One instance serves all signals of its id: `next` has a consumer for each signal that has a pipeline. The receiver
 * acknowledges only after `consume` took the batch.
 */
export interface ReceiverFactory<C> extends SignalFactory<C> {
  readonly kind: 'receiver';
  create(config: C, next: ReadonlyMap<Signal, Consumer>, context: Context): Component;
}

/** A stage of a pipeline that takes batches. */
export type Stage = Component & Consumer;

/** A visitor as a processor makes it. */
export interface ProcessorVisitor extends Visitor, Component {
  /** How many of the items that it dropped it dropped because it failed on them: these are booked as `error`, the others by `dropReason`. */
  readonly failedItems?: number;
  /** Why it drops items, as the books call it. Default `filtered`. */
  readonly dropReason?: string;
}

/** Makes processors, one per pipeline and id: `visit` (item by item, fusable) or `create` (owns whole batches). */
export interface ProcessorFactory<C> extends SignalFactory<C> {
  readonly kind: 'processor';
  visit?(config: C, context: Context): ProcessorVisitor;
  create?(config: C, next: Consumer, context: Context): Stage;
  /** Of a factory that has both: whether this configuration needs `create`. Default: no. */
  needsStage?(config: C): boolean;
}

/** Makes exporters, one per signal and id. */
export interface ExporterFactory<C> extends SignalFactory<C> {
  readonly kind: 'exporter';
  create(config: C, context: Context): Stage;
}

/** The pipelines behind a connector. */
export interface ConnectorOutputs {
  /** All of them: each batch is lent to every pipeline, and one that refuses affects only itself. */
  readonly all: Consumer;
  /** Each one by pipeline id, for connectors that choose. */
  readonly byPipeline: ReadonlyMap<string, Consumer>;
}

/** Makes connectors, one per pair of signals and id. */
export interface ConnectorFactory<C> extends FactoryBase<C> {
  readonly kind: 'connector';
  /** Supported pairs: signals out by signal in. */
  readonly signals: Partial<Record<Signal, Partial<Record<Signal, Stability>>>>;
  create(config: C, next: ConnectorOutputs, context: Context): Stage;
}

/** An extension: a component outside the pipelines. */
export interface Extension extends Component {
  /** All pipelines run. */
  ready?(): Promise<void> | void;
  /** The pipelines are about to stop. */
  notReady?(): Promise<void> | void;
}

/** Makes extensions, one per id. */
export interface ExtensionFactory<C> extends FactoryBase<C> {
  readonly kind: 'extension';
  readonly stability: Stability;
  create(config: C, context: Context): Extension;
}

/** Any factory, with its configuration type forgotten. */
export type Factory =
  | ReceiverFactory<never>
  | ProcessorFactory<never>
  | ExporterFactory<never>
  | ConnectorFactory<never>
  | ExtensionFactory<never>;

/** One line of a distribution: what a component is called, and how to load it. Its code is loaded only when a configuration names it. */
export interface FactoryEntry {
  readonly kind: Factory['kind'];
  readonly type: string;
  /** Older names that are accepted with a warning. */
  readonly aliases?: readonly string[];
  load(): Promise<{ readonly factory: Factory }>;
}
