import { setTimeout as delay } from 'node:timers/promises';
import { lend, noClient } from '@millrace/api';
import type { Batch, Consumer, Factory, FactoryEntry, Host, Signal } from '@millrace/api';
import { FakeClock, settle } from '@millrace/api/testing';
import type { CheckedComponent, CheckedConfig } from '@millrace/config';
import { Service } from '@millrace/service';
import type { LedgerEntry, Observer, ServiceOptions } from '@millrace/service';
import { admitJson, encodeJson } from '@millrace/wire';
import type { BufferPool } from '@millrace/wire';

/** When the clock of every trial starts. */
export const startOfTime = Date.UTC(2026, 0, 1);

/** How long, on the machine's clock, something may take that is no timer of ours, such as a lookup. */
const patienceMs = 50;

/** A node of the graph: a component instance and what went through it. */
export interface TrialNode {
  /** As a configuration and tests call it: `processors/batch`. */
  readonly name: string;
  readonly entry: LedgerEntry;
  /** OTLP/JSON requests that it was given. Nobody gives a receiver anything. */
  readonly taken: object[];
  /** OTLP/JSON requests that it passed on and that were taken. */
  readonly passedOn: object[];
  /** Where something enters that is sent to this node. */
  door: Consumer | undefined;
}

/** What a trial is made of. */
export interface TrialOptions {
  readonly config: CheckedConfig;
  readonly components: readonly FactoryEntry[];
  readonly program: ServiceOptions['program'];
  readonly featureGates?: ReadonlySet<string>;
  /** How the configuration's plugins are imported. */
  readonly plugins?: ServiceOptions['plugins'];
}

/**
 * The real graph of a configuration, fed by hand: receivers receive nothing, exporters keep what comes, extensions and storages stay away,
 * and time passes when it is told to. Everything that goes into or out of a component is kept.
 */
export class Trial {
  /** Every component instance of the graph. */
  readonly nodes: TrialNode[] = [];
  /** Those that something went into or came out of, in the order in which it first did. */
  readonly reached = new Set<TrialNode>();
  /** What components logged: one console line each. */
  readonly log: string[] = [];
  readonly #clock = new FakeClock(startOfTime);
  readonly #byEntry = new Map<LedgerEntry, TrialNode>();
  #service!: Service;
  #pool!: BufferPool;
  #stopped = false;

  private constructor() {}

  /** Builds and starts it. Rejects as starting the service does. */
  static async start({ config, components, program, featureGates, plugins }: TrialOptions): Promise<Trial> {
    const trial = new Trial();
    trial.#service = await Service.create({
      config: secluded(config),
      components,
      program,
      clock: trial.#clock,
      writeLog: (line) => void trial.log.push(line),
      observer: trial.#observer(),
      ...(featureGates && { featureGates }),
      ...(plugins && { plugins }),
    });
    for (const entry of trial.#service.ledger.entries) trial.#nodeOf(entry);
    await trial.#service.start();
    return trial;
  }

  /** The time on the trial's clock, in milliseconds since the epoch. */
  get now(): number {
    return this.#clock.now();
  }

  /**
   * Sends an OTLP/JSON request into a node. Resolves with the reason when it was refused, otherwise with undefined: it was taken, or waits for
   * time to pass. Throws a `WireError` when the request is none.
   */
  async send(node: TrialNode, signal: Signal, request: object): Promise<string | undefined> {
    const text = Buffer.from(JSON.stringify(request));
    const lease = this.#pool.lease(text.length);
    lease.buffer.set(text);
    const batch = admitJson(signal, lease, 0, text.length, noClient);
    const outcome = (async () => lend(node.door!, batch))().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    return Promise.race([outcome, delay(patienceMs, undefined)]);
  }

  /** Lets time pass: timers fire in their order. */
  async advance(durationMs: number): Promise<void> {
    await this.#clock.advance(durationMs);
  }

  /** Stops and drains it, as a signal does. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const stopping = this.#service.shutdown();
    // What shuts down may wait for its own timers.
    const ended = stopping.then(
      () => true,
      () => true,
    );
    await settle();
    while (!(await Promise.race([ended, delay(1, false)]))) await this.#clock.advance(1_000);
    await stopping;
  }

  #nodeOf(entry: LedgerEntry): TrialNode {
    let node = this.#byEntry.get(entry);
    if (node === undefined) {
      const { kind, id } = entry.origin ?? {};
      const name = entry.origin === undefined ? entry.name : `${kind}s/${id}`;
      node = { name, entry, taken: [], passedOn: [], door: undefined };
      this.#byEntry.set(entry, node);
      if (entry.origin !== undefined && entry.origin.kind !== 'extension') this.nodes.push(node);
    }
    return node;
  }

  #observer(): Observer {
    return {
      standIn: (factory) => this.#standIn(factory),
      into: (entry, next) => {
        const node = this.#nodeOf(entry);
        return (node.door = this.#recorded(node, node.taken, next));
      },
      outOf: (entry, next) => {
        const node = this.#nodeOf(entry);
        const recorded = this.#recorded(node, node.passedOn, next);
        if (entry.origin?.kind === 'receiver') node.door = recorded;
        return recorded;
      },
    };
  }

  /** A consumer that keeps what the next one took. */
  #recorded(node: TrialNode, into: object[], next: Consumer): Consumer {
    return {
      consume: (batch) => {
        this.reached.add(node);
        const request = this.#jsonOf(batch);
        const consumed = next.consume(batch);
        if (consumed === undefined) into.push(request);
        else return consumed.then(() => void into.push(request));
        return undefined;
      },
      refusing: () => next.refusing?.(),
    };
  }

  #jsonOf(batch: Batch): object {
    const { lease, length } = encodeJson(batch);
    using text = lease;
    return JSON.parse(text.buffer.toString('utf8', 0, length)) as object;
  }

  /** Receivers and exporters do nothing here; the others are themselves. */
  #standIn(factory: Factory): Factory {
    if (factory.kind === 'receiver') {
      const start = (host: Host): void => {
        this.#pool = host.pool;
      };
      return { ...factory, scope: 'worker', create: () => ({ start }) };
    }
    if (factory.kind !== 'exporter') return factory;
    const create: typeof factory.create = (_config, { items }) => ({
      consume: (batch) => {
        items.absorb(batch.items);
        return undefined;
      },
    });
    return { ...factory, scope: 'worker', create };
  }
}

/** The configuration without what reaches out of the process: extensions, storages of processors, own telemetry. */
function secluded(config: CheckedConfig): CheckedConfig {
  const { telemetry } = config.service;
  const logs = { ...telemetry.logs, level: 'info', encoding: 'console', processors: [], initial_fields: {} } as const;
  const metrics = { ...telemetry.metrics, level: 'none', readers: [] } as const;
  const traces = { ...telemetry.traces, processors: [] };
  return {
    ...config,
    processors: withoutStorage(config.processors),
    connectors: withoutStorage(config.connectors),
    service: { ...config.service, extensions: [], telemetry: { ...telemetry, logs, metrics, traces } },
  };
}

function withoutStorage(components: ReadonlyMap<string, CheckedComponent>): ReadonlyMap<string, CheckedComponent> {
  return new Map(
    [...components].map(([id, component]) => {
      const { storage: _, ...settings } = (component.config ?? {}) as Record<string, unknown>;
      return [id, { ...component, config: settings }];
    }),
  );
}
