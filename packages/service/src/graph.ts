import type {
  Clock,
  Component,
  ComponentKind,
  ConnectorFactory,
  ConnectorOutputs,
  Consumer,
  Context,
  ExporterFactory,
  Extension,
  ExtensionFactory,
  Factory,
  Logger,
  ProcessorFactory,
  ReceiverFactory,
  Scope,
  Signal,
  Stage,
} from '@millrace/api';
import { signals } from '@millrace/api';
import type { Meter, Tracer } from '@opentelemetry/api';
import type { CheckedConfig } from '@millrace/config';
import { findCycle } from './connector-cycle.ts';
import type { ConnectorUse } from './connector-cycle.ts';
import { Edge } from './edge.ts';
import { FanOut } from './fan-out.ts';
import type { Ledger, LedgerEntry } from './item-ledger.ts';
import type { Observer } from './observer.ts';
import type { StatusBoard, StatusEntry } from './status-board.ts';
import { TracedReceiver } from './telemetry/traced-receiver.ts';
import { endsGroup, maxVisitors, standsAlone, startsGroup, VisitorStage } from './visitor-stage.ts';
import type { VisitorNode } from './visitor-stage.ts';

/** A component with the words that errors and logs use for it. */
export interface GraphNode {
  /** Such as `"otlp" receiver`. */
  readonly label: string;
  readonly component: Component;
  /** Where it and, in a group of visitors, each of them tells how it fares; empty for what is not configured. */
  readonly statuses: readonly StatusEntry[];
}

/** Every component of a configuration, built and connected, in the order in which they start: what data reaches last starts first. */
export interface Graph {
  readonly extensions: readonly (GraphNode & { readonly id: string; readonly component: Extension })[];
  /** Exporters, connectors, processors and fan-outs, then receivers. */
  readonly nodes: readonly GraphNode[];
  /** The stages that are one for the process, by the name under which workers send to them. */
  readonly shared: ReadonlyMap<string, Consumer>;
}

/** What building needs beside the configuration. */
export interface GraphOptions {
  /** The loaded factory of a component that the configuration names. */
  readonly factory: (kind: ComponentKind, type: string) => Factory;
  readonly ledger: Ledger;
  readonly statuses: StatusBoard;
  /** Makes the instruments of a component. */
  readonly meter: Meter;
  /** Makes own spans, when somebody asked for them. */
  readonly tracer?: Tracer | undefined;
  readonly clock: Clock;
  readonly program: Context['program'];
  readonly logger: (fields: Readonly<Record<string, string>>) => Logger;
  /** In a worker: the doors to what is one for the process, which is not built here. */
  readonly remote?: { stage(name: string): Stage };
  readonly observer?: Observer;
}

/** Where an edge can lead: a consumer, and its books unless it keeps them itself. */
interface Port {
  readonly name: string;
  readonly consumer: Consumer;
  readonly entry: LedgerEntry | undefined;
}

/** Whether each worker has an instance of its own, or the process one. */
function scopeOf(factory: Factory, config: unknown): Scope {
  const { scope = 'worker' } = factory;
  return typeof scope === 'function' ? scope(config as never) : scope;
}

/** What belongs to one component instance. */
interface ComponentParts {
  readonly context: Context;
  readonly entry: LedgerEntry;
  readonly status: StatusEntry;
}

/** Builds and connects every component that the pipelines and `service::extensions` name; starts nothing. Throws an Error in the Collector's words. */
export function buildGraph(config: CheckedConfig, options: GraphOptions): Graph {
  return new GraphBuilder(config, options).build();
}

class GraphBuilder {
  readonly #config: CheckedConfig;
  readonly #options: GraphOptions;
  readonly #nodes: GraphNode[] = [];
  readonly #exporters = new Map<string, Port>();
  readonly #connectors = new Map<string, Port>();
  readonly #heads = new Map<string, Port>();
  readonly #shared = new Map<string, Consumer>();
  readonly #uses: ConnectorUse[];

  constructor(config: CheckedConfig, options: GraphOptions) {
    this.#config = config;
    this.#options = options;
    this.#uses = this.#connectorUses();
  }

  build(): Graph {
    const cycle = findCycle(this.#config, this.#uses);
    if (cycle !== undefined) throw new Error(cycle);
    // A worker builds the pipelines that its receivers lead to, and no others.
    if (this.#options.remote === undefined) for (const id of this.#config.service.pipelines.keys()) this.#head(id);
    this.#receivers();
    const extensions = this.#config.service.extensions.flatMap((id) => {
      const { type, config } = this.#config.extensions.get(id)!;
      const factory = this.#options.factory('extension', type) as ExtensionFactory<unknown>;
      if (this.#isElsewhere(factory, config)) return [];
      const { context, status } = this.#context('extension', id, {});
      return { id, label: `"${id}" extension`, component: factory.create(config, context), statuses: [status] };
    });
    return { extensions, nodes: this.#nodes, shared: this.#shared };
  }

  #context(kind: ComponentKind, id: string, place: { signal?: Signal; pipeline?: string }): ComponentParts {
    const { ledger, logger, clock, program, meter, tracer, statuses } = this.#options;
    const where = place.pipeline ?? place.signal;
    const entry = ledger.open(`${kind}/${id}${where === undefined ? '' : ` ${where}`}`, { kind, id, ...place });
    const status = statuses.open(kind, id, this.#pipelinesOf(id, place));
    const report: Context['report'] = (state, error) => status.set(state, error);
    const fields: Record<string, string> = { 'otelcol.component.id': id, 'otelcol.component.kind': kind };
    if (place.signal !== undefined) fields['otelcol.signal'] = place.signal;
    if (place.pipeline !== undefined) fields['otelcol.pipeline.id'] = place.pipeline;
    const context = { id, kind, ...place, clock, program, logger: logger(fields), items: entry, meter, tracer, report };
    return { context, entry, status };
  }

  /** Whether the component is one for the process, and lives on another thread than this one. */
  #isElsewhere(factory: Factory, config: unknown): boolean {
    return this.#options.remote !== undefined && scopeOf(factory, config) === 'process';
  }

  /** The way to a stage on the main thread, where it is booked. */
  #remotePort(name: string): Port {
    return { name, consumer: this.#options.remote!.stage(name), entry: undefined };
  }

  /** Lets workers send to a stage of this, the main, thread. */
  #share(name: string, factory: Factory, config: unknown, port: Port): void {
    if (scopeOf(factory, config) === 'process') this.#shared.set(name, new Edge(undefined, port.entry, port.consumer));
  }

  /** The pipelines that an instance takes part in. */
  #pipelinesOf(id: string, place: { signal?: Signal; pipeline?: string }): readonly string[] {
    if (place.pipeline !== undefined) return [place.pipeline];
    return [...this.#config.service.pipelines.values()]
      .filter(({ signal }) => place.signal === undefined || signal === place.signal)
      .filter(({ receivers, exporters }) => receivers.includes(id) || exporters.includes(id))
      .map((pipeline) => pipeline.id);
  }

  /** Every (connector, signal in, signal out) that the pipelines use; a connector used at one end only is an error. */
  #connectorUses(): ConnectorUse[] {
    const uses: ConnectorUse[] = [];
    const { pipelines } = this.#config.service;
    for (const [id, { type }] of this.#config.connectors) {
      const { signals: supported } = this.#options.factory('connector', type) as ConnectorFactory<unknown>;
      const asExporter = [...pipelines].filter(([, pipeline]) => pipeline.exporters.includes(id));
      const asReceiver = [...pipelines].filter(([, pipeline]) => pipeline.receivers.includes(id));
      for (const [pipelineId, { signal }] of asExporter) {
        if (asReceiver.some(([, to]) => supported[signal]?.[to.signal] !== undefined)) continue;
        throw new Error(`connector "${id}" used as exporter in [${pipelineId}] pipeline but not used in any supported receiver pipeline`);
      }
      for (const [pipelineId, { signal }] of asReceiver) {
        if (asExporter.some(([, from]) => supported[from.signal]?.[signal] !== undefined)) continue;
        throw new Error(`connector "${id}" used as receiver in [${pipelineId}] pipeline but not used in any supported exporter pipeline`);
      }
      for (const from of signals) {
        for (const to of signals) {
          if (supported[from]?.[to] === undefined) continue;
          if (asExporter.some(([, p]) => p.signal === from) && asReceiver.some(([, p]) => p.signal === to)) uses.push({ id, from, to });
        }
      }
    }
    return uses;
  }

  /** The consumer that leads from one component to all targets. */
  #connect(from: LedgerEntry, targets: readonly Port[]): Consumer {
    const next = this.#join(from, targets);
    return this.#options.observer?.outOf(from, next) ?? next;
  }

  #join(from: LedgerEntry, targets: readonly Port[]): Consumer {
    const [only] = targets;
    if (targets.length === 1 && only !== undefined) return new Edge(from, only.entry, only.consumer);
    const { ledger, logger, clock } = this.#options;
    const branches = targets.map((target) => ({
      next: new Edge(undefined, target.entry, target.consumer),
      entry: ledger.open(`branch ${from.name} -> ${target.name}`),
    }));
    const fanOut = new FanOut(branches, logger({}), clock);
    this.#nodes.push({ label: `fan-out after ${from.name}`, component: fanOut, statuses: [] });
    return new Edge(from, undefined, fanOut);
  }

  #head(pipelineId: string): Port {
    const known = this.#heads.get(pipelineId);
    if (known !== undefined) return known;
    const pipeline = this.#config.service.pipelines.get(pipelineId)!;
    const { signal } = pipeline;
    // Behind a processor that is one for the process, everything is on the main thread.
    const border = pipeline.processors.findIndex((id) => {
      const { type, config } = this.#config.processors.get(id)!;
      return this.#isElsewhere(this.#options.factory('processor', type), config);
    });
    const head =
      border < 0
        ? this.#processors(pipelineId, pipeline.processors, signal, this.#ends(pipeline.exporters, signal))
        : this.#processors(pipelineId, pipeline.processors.slice(0, border), signal, [
            this.#remotePort(`processor/${pipeline.processors[border]} ${pipelineId}`),
          ]);
    this.#heads.set(pipelineId, head);
    return head;
  }

  /** The exporters and connectors at the end of a pipeline. */
  #ends(ids: readonly string[], signal: Signal): Port[] {
    return ids.flatMap((id) =>
      this.#config.connectors.has(id)
        ? this.#uses.filter((use) => use.id === id && use.from === signal).map((use) => this.#connector(use))
        : [this.#exporter(id, signal)],
    );
  }

  /** Builds a pipeline's processors from the last to the first and returns the port before the first. */
  #processors(pipelineId: string, ids: readonly string[], signal: Signal, exporters: readonly Port[]): Port {
    let targets = exporters;
    let group: (VisitorNode & { readonly status: StatusEntry })[] = [];
    const closeGroup = (): void => {
      const last = group.at(-1);
      if (last === undefined) return;
      const stage = new VisitorStage(group, this.#connect(last.entry, targets));
      const label = group.map((node) => `"${node.id}"`).join(', ') + ' processor';
      this.#nodes.push({ label, component: stage, statuses: group.map((node) => node.status) });
      const first = group[0].entry;
      targets = [{ name: first.name, consumer: this.#observed(first, stage), entry: undefined }];
      group = [];
    };
    for (const id of ids.toReversed()) {
      const { type, config } = this.#config.processors.get(id)!;
      const factory = this.#options.factory('processor', type) as ProcessorFactory<unknown>;
      this.#requireSignal(factory, id, signal);
      const { context, entry, status } = this.#context('processor', id, { signal, pipeline: pipelineId });
      if (factory.visit !== undefined && factory.needsStage?.(config) !== true) {
        const visitor = factory.visit(config, context);
        if (endsGroup(visitor) || standsAlone(visitor) || group.length === maxVisitors) closeGroup();
        group.unshift({ id, visitor, entry, status, logger: context.logger });
        if (standsAlone(visitor) || startsGroup(visitor) || this.#options.observer !== undefined) closeGroup();
      } else if (factory.create !== undefined) {
        closeGroup();
        const stage = factory.create(config, this.#connect(entry, targets), context);
        this.#nodes.push({ label: `"${id}" processor`, component: stage, statuses: [status] });
        const port = { name: entry.name, consumer: this.#observed(entry, stage), entry };
        this.#share(entry.name, factory, config, port);
        targets = [port];
      }
    }
    closeGroup();
    if (targets.length === 1) return targets[0];
    // A pipeline without processors: its own books stand for it, so that receivers have one place to send to.
    const entry = this.#options.ledger.open(`pipeline/${pipelineId}`);
    return { name: entry.name, consumer: this.#connect(entry, targets), entry };
  }

  #exporter(id: string, signal: Signal): Port {
    const instance = `${id} ${signal}`;
    let port = this.#exporters.get(instance);
    if (port === undefined) {
      const { type, config } = this.#config.exporters.get(id)!;
      const factory = this.#options.factory('exporter', type) as ExporterFactory<unknown>;
      this.#requireSignal(factory, id, signal);
      if (this.#isElsewhere(factory, config)) {
        port = this.#remotePort(`exporter/${instance}`);
      } else {
        const parts = this.#context('exporter', id, { signal });
        port = this.#addStage(`"${id}" exporter`, factory.create(config, parts.context), parts);
        this.#share(`exporter/${instance}`, factory, config, port);
      }
      this.#exporters.set(instance, port);
    }
    return port;
  }

  #connector(use: ConnectorUse): Port {
    const instance = `${use.id} ${use.from} ${use.to}`;
    let port = this.#connectors.get(instance);
    if (port === undefined) {
      const { type, config } = this.#config.connectors.get(use.id)!;
      const factory = this.#options.factory('connector', type) as ConnectorFactory<unknown>;
      if (this.#isElsewhere(factory, config)) {
        port = this.#remotePort(`connector/${instance}`);
        this.#connectors.set(instance, port);
        return port;
      }
      const parts = this.#context('connector', use.id, { signal: use.from });
      const { context, entry } = parts;
      const heads = [...this.#config.service.pipelines]
        .filter(([, pipeline]) => pipeline.signal === use.to && pipeline.receivers.includes(use.id))
        .map(([pipelineId]) => [pipelineId, this.#head(pipelineId)] as const);
      const connect = (targets: readonly Port[]): Consumer => this.#connect(entry, targets);
      let all: Consumer | undefined;
      const next: ConnectorOutputs = {
        // Made when it is asked for: a connector that chooses needs no fan-out.
        get all() {
          return (all ??= connect(heads.map(([, head]) => head)));
        },
        byPipeline: new Map(heads.map(([pipelineId, head]) => [pipelineId, connect([head])])),
      };
      port = this.#addStage(`"${use.id}" connector`, factory.create(config, next, context), parts);
      this.#share(`connector/${instance}`, factory, config, port);
      this.#connectors.set(instance, port);
    }
    return port;
  }

  #addStage(label: string, stage: Stage, { entry, status }: ComponentParts): Port {
    this.#nodes.push({ label, component: stage, statuses: [status] });
    return { name: entry.name, consumer: this.#observed(entry, stage), entry };
  }

  #observed(entry: LedgerEntry, stage: Consumer): Consumer {
    return this.#options.observer?.into(entry, stage) ?? stage;
  }

  #receivers(): void {
    const { pipelines } = this.#config.service;
    for (const [id, { type, config }] of this.#config.receivers) {
      const using = [...pipelines].filter(([, pipeline]) => pipeline.receivers.includes(id));
      if (using.length === 0) continue;
      const factory = this.#options.factory('receiver', type) as ReceiverFactory<unknown>;
      if (this.#isElsewhere(factory, config)) continue;
      const next = new Map<Signal, Consumer>();
      for (const signal of signals) {
        const heads = using.filter(([, pipeline]) => pipeline.signal === signal).map(([pipelineId]) => this.#head(pipelineId));
        if (heads.length === 0) continue;
        this.#requireSignal(factory, id, signal);
        const entry = this.#options.ledger.open(`receiver/${id} ${signal}`, { kind: 'receiver', id, signal });
        const edge = new Edge(undefined, entry, this.#connect(entry, heads));
        const { tracer } = this.#options;
        next.set(signal, tracer === undefined ? edge : new TracedReceiver(edge, tracer, id, signal));
      }
      const { context, status } = this.#context('receiver', id, {});
      this.#nodes.push({ label: `"${id}" receiver`, component: factory.create(config, next, context), statuses: [status] });
    }
  }

  #requireSignal(
    factory: ReceiverFactory<unknown> | ProcessorFactory<unknown> | ExporterFactory<unknown>,
    id: string,
    signal: Signal,
  ): void {
    if (factory.stability[signal] !== undefined) return;
    throw new Error(`failed to create "${id}" ${factory.kind} for data type "${signal}": telemetry type is not supported`);
  }
}
