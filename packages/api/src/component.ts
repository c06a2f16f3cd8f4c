import type { Meter, Tracer } from '@opentelemetry/api';
import type { BufferPool, MemoryLedger, Signal } from '@millrace/wire';
import type { Factory } from './factory.ts';
import type { ServiceInfo, Status } from './status.ts';

/** The four severities of a log line. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A component's log: the message is a constant sentence, the data goes into the attributes. */
export type Logger = {
  readonly [level in LogLevel]: (message: string, attributes?: Readonly<Record<string, unknown>>) => void;
};

/** Time, so that tests can drive it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): Timer;
}

/** A pending callback of a `Clock`. */
export interface Timer {
  cancel(): void;
}

/**
 * Where a component accounts for items that do not simply pass through it. For every component and every edge:
 * in + created = out + dropped + absorbed + held. Each is counted where it happens.
 */
export interface ItemLedger {
  /** Items given up for good, with the reason (such as `queue_full`, `partial_success`). */
  drop(items: number, reason: string): void;
  /** Items that the component made. */
  create(items: number): void;
  /** Items that ended here as they should: aggregated, sent to a destination. */
  absorb(items: number): void;
  /** Items that the component keeps now: a difference, negative when it lets go. */
  hold(items: number): void;
  /** Attributes of the component's item metrics beside its id, such as `server.address` of an exporter. */
  label(attributes: Readonly<Record<string, string>>): void;
}

/** What a component is given when it is created. */
export interface Context {
  /** The id as the user wrote it, such as `otlp/2`. */
  readonly id: string;
  readonly kind: ComponentKind;
  /** The signal this instance works for; absent for extensions and for instances shared by signals. */
  readonly signal?: Signal;
  /** The pipeline of a processor, such as `traces/in`. */
  readonly pipeline?: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly items: ItemLedger;
  /** Name and version of the running program. */
  readonly program: { readonly name: string; readonly version: string };
  /**
   * Makes the component's own instruments, named as the Collector's (`otelcol_...` is added where they are exposed; so `exporter_queue_size`).
   * Items that pass, and what `items` books, are counted without it. The component's id must be an attribute of its points. Prefer observable
   * instruments: they cost nothing until somebody reads them.
   */
  readonly meter: Meter;
  /** Makes own spans; absent unless somebody asked for them (`service::telemetry::traces`). */
  readonly tracer?: Tracer | undefined;
  /** Tells how the component fares. Starting, Stopping, Stopped, and OK after a start that worked, are reported for it. */
  report(status: Status, error?: Error): void;
}

/** A sum that every thread adds to. Another thread's additions are seen a moment later. */
export interface Tally {
  /** Adds to this thread's share; negative to take back. */
  add(difference: number): void;
  readonly total: number;
}

/** What a component can ask of the running service. */
export interface Host {
  readonly pool: BufferPool;
  readonly memory: MemoryLedger;
  /** The started extension with this id. Throws when it is missing or the guard says no. */
  extension<T>(id: string, guard: (extension: unknown) => extension is T): T;
  /**
   * The factory of a component that the caller's own factory `wraps`: what it makes is the caller's to start, feed and shut down. Throws for
   * any other component.
   */
  factory(kind: ComponentKind, type: string): Factory;
  /**
   * A number that the instances of a component in all threads of the process share: the same for the same name everywhere, so the name starts
   * with the id. For limits that hold for the process, such as the size of a queue.
   */
  tally(name: string): Tally;
  /** What runs here, and how it fares. */
  readonly service: ServiceInfo;
  /** Reports that the component cannot go on: the service logs it, shuts down and exits with a failure. */
  fatal(error: Error): void;
}

/** The kinds of components. */
export type ComponentKind = 'receiver' | 'processor' | 'exporter' | 'connector' | 'extension';

/** The lifecycle that every component has. */
export interface Component {
  /** Returns soon; rejects when the component cannot work (fail fast). */
  start?(host: Host): Promise<void> | void;
  /**
   * Stops intake, drains what is held into the next component, releases everything. Safe without `start`, twice and concurrently. When
   * `signal` aborts, the time is up: drop (and count) the rest.
   */
  shutdown?(signal: AbortSignal): Promise<void> | void;
}
