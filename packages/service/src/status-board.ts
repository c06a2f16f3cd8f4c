import type { Clock, ComponentInfo, ComponentKind, Status, StatusReport } from '@millrace/api';

/** Worst first: what counts when the threads of a process disagree about a component. */
const worstFirst: readonly Status[] = ['FatalError', 'PermanentError', 'RecoverableError', 'Stopping', 'Starting', 'OK', 'Stopped'];

/** The status of one component instance: what it reported last, or what the service knows of it. */
export class StatusEntry implements ComponentInfo {
  readonly kind: ComponentKind;
  readonly id: string;
  readonly pipelines: readonly string[];
  readonly #clock: Clock;
  readonly #changed: () => void;
  /** The same component on other threads. */
  readonly #others = new Map<number, StatusReport>();
  #own: StatusReport;

  constructor(kind: ComponentKind, id: string, pipelines: readonly string[], clock: Clock, changed: (entry: StatusEntry) => void) {
    this.kind = kind;
    this.id = id;
    this.pipelines = pipelines;
    this.#clock = clock;
    this.#changed = () => changed(this);
    this.#own = { status: 'Stopped', atMs: clock.now() };
  }

  /** The same in every thread of the process. */
  get name(): string {
    return [this.kind, this.id, ...this.pipelines].join(' ');
  }

  get report(): StatusReport {
    let worst = this.#own;
    for (const other of this.#others.values()) {
      if (worstFirst.indexOf(other.status) < worstFirst.indexOf(worst.status)) worst = other;
    }
    return worst;
  }

  /** A later error replaces an earlier one; what is fatal, or permanently broken, only stops, and what stops is not OK again. */
  set(status: Status, error?: Error): void {
    const { status: present } = this.#own;
    const ended = status === 'Stopping' || status === 'Stopped' || status === 'Starting';
    if (present === 'FatalError' && !ended) return;
    if (present === 'Stopping' && status === 'OK') return;
    if (present === 'PermanentError' && !ended && status !== 'FatalError') return;
    this.#own = { status, atMs: this.#clock.now(), ...(error !== undefined && { error }) };
    this.#changed();
  }

  /** What another thread says of the same component. */
  setOther(thread: number, status: Status, error?: Error): void {
    this.#others.set(thread, { status, atMs: this.#clock.now(), ...(error !== undefined && { error }) });
    this.#changed();
  }

  /** `OK`, unless the component said something else while it started. */
  started(): void {
    if (this.#own.status === 'Starting') this.set('OK');
  }
}

/** The status of every component instance of one service. */
export class StatusBoard {
  readonly #clock: Clock;
  readonly #changed: (entry: StatusEntry) => void;
  readonly #watchers = new Set<() => void>();
  readonly #entries: StatusEntry[] = [];

  /** `changed` is called after each report. */
  constructor(clock: Clock, changed: (entry: StatusEntry) => void = () => undefined) {
    this.#clock = clock;
    this.#changed = (entry) => {
      changed(entry);
      for (const watcher of this.#watchers) watcher();
    };
  }

  /** Calls `changed` after each report, too. Returns the function that ends this. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  open(kind: ComponentKind, id: string, pipelines: readonly string[]): StatusEntry {
    const entry = new StatusEntry(kind, id, pipelines, this.#clock, this.#changed);
    this.#entries.push(entry);
    return entry;
  }

  get entries(): readonly StatusEntry[] {
    return this.#entries;
  }
}
