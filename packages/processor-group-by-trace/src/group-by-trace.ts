import { noClient, PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, Stage, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { DueQueue, larger, Outbox, SpanCursor, SpanStore, TraceTable } from '@millrace/trace-buffer';
import { ByteWriter, createBatch } from '@millrace/wire';
import type { BufferPool, MemoryAccount } from '@millrace/wire';
import type { GroupByTraceConfig } from './config.ts';
import { observe } from './group-by-trace-metrics.ts';
import type { GroupByTraceCounts } from './group-by-trace-metrics.ts';

/** Traces that are due within so long of each other are passed on together. */
const tickMs = 10;

const notRunning = new PipelineError('groupbytrace is not running', { kind: 'retryable' });
const full = new PipelineError('groupbytrace is full: the memory budget is spent', { kind: 'retryable' });

/** What exists between start and shutdown. */
interface Running {
  readonly pool: BufferPool;
  readonly host: Host;
  readonly account: MemoryAccount;
  readonly spans: SpanStore;
}

/** The traces of one worker, with a number for each that no other worker's has. */
class Part {
  readonly table = new TraceTable();
  readonly due = new DueQueue();
  tickets = new Uint32Array(this.table.capacity);
}

/** Holds the spans of each trace until its time is over, then passes them on in one batch. */
export class GroupByTrace implements Stage {
  readonly #context: Context;
  readonly #waitMs: number;
  readonly #tracesPerPart: number;
  readonly #outbox: Outbox;
  readonly #parts: readonly Part[];
  readonly #cursor = new SpanCursor();
  readonly #counts: GroupByTraceCounts;
  #running: Running | undefined;
  #timer: Timer | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: GroupByTraceConfig, next: Consumer, context: Context) {
    this.#context = context;
    this.#waitMs = durationMs(config.wait_duration);
    this.#tracesPerPart = Math.floor(config.num_traces / config.num_workers);
    this.#outbox = new Outbox(next, context);
    const parts = (this.#parts = Array.from({ length: config.num_workers }, () => new Part()));
    this.#counts = {
      maxTraces: config.num_traces,
      get tracesInMemory() {
        return parts.reduce((sum, { table }) => sum + table.size, 0);
      },
      tracesReleased: 0,
      spansReleased: 0,
      tracesEvicted: 0,
      incompleteReleases: 0,
    };
    observe(context, this.#counts);
  }

  start(host: Host): void {
    const { pool, memory } = host;
    this.#running = { pool, host, account: memory.account(), spans: new SpanStore(pool) };
  }

  consume(batch: Batch): Consumed {
    const running = this.#running;
    if (running === undefined || this.#stopped !== undefined) throw notRunning;
    if (running.host.memory.available === 0) throw full;
    const { spans } = running;
    const cursor = this.#cursor;
    const parts = this.#parts;
    const now = this.#context.clock.now();
    this.#context.items.hold(batch.items);
    cursor.open(batch);
    while (cursor.next()) {
      const number = parts.length === 1 ? 0 : partOf(cursor.traceId, parts.length);
      const part = parts[number];
      let slot = part.table.find(cursor.traceId);
      if (slot < 0) slot = this.#add(part, number, now, running);
      spans.append(slot * parts.length + number, cursor);
    }
    this.#declare(running);
    this.#schedule();
    return undefined;
  }

  refusing(): PipelineError | undefined {
    if (this.#running === undefined || this.#stopped !== undefined) return notRunning;
    return this.#running.host.memory.available === 0 ? full : undefined;
  }

  /** Takes a trace in; when there are too many, gives up the oldest. */
  #add(part: Part, number: number, now: number, { spans }: Running): number {
    const { table } = part;
    if (table.size === this.#tracesPerPart) {
      const slot = table.oldest;
      const chain = slot * this.#parts.length + number;
      const count = spans.spans(chain);
      this.#counts.tracesEvicted++;
      this.#context.logger.info(
        'trace evicted: in order to avoid this in the future, adjust the wait duration and/or number of traces to keep in memory',
      );
      this.#context.items.drop(count, 'evicted');
      this.#context.items.hold(-count);
      spans.clear(chain);
      table.remove(slot);
      part.tickets[slot]++;
    }
    const slot = table.add(this.#cursor.traceId);
    part.tickets = larger(part.tickets, table.capacity);
    part.due.add(slot, part.tickets[slot], now + this.#waitMs);
    return slot;
  }

  #declare({ account, spans }: Running): void {
    let sizeBytes = spans.stateBytes;
    for (const { table, due, tickets } of this.#parts) sizeBytes += table.sizeBytes + due.sizeBytes + tickets.byteLength;
    account.set(sizeBytes);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#stopped !== undefined) return;
    const { clock } = this.#context;
    const nextMs = Math.min(...this.#parts.map(({ due }) => due.nextMs));
    if (nextMs === Infinity) return;
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.#releaseDue(clock.now(), this.#running!);
        this.#schedule();
      },
      Math.max(tickMs, nextMs - clock.now()),
    );
  }

  /** Passes on every trace whose time is over at `dueMs`. */
  #releaseDue(dueMs: number, running: Running): void {
    for (const [number, part] of this.#parts.entries()) {
      const { due, table, tickets } = part;
      for (let slot = due.take(dueMs); slot >= 0; slot = due.take(dueMs)) {
        if (tickets[slot] !== due.ticket) {
          this.#counts.incompleteReleases++;
          continue;
        }
        this.#release(slot * this.#parts.length + number, running);
        table.remove(slot);
        tickets[slot]++;
      }
    }
    this.#declare(running);
  }

  #release(chain: number, { pool, spans }: Running): void {
    const out = new ByteWriter(pool.lease(spans.sizeBytes(chain)));
    const count = spans.spans(chain);
    spans.assemble(chain, out);
    spans.clear(chain);
    this.#counts.tracesReleased++;
    this.#counts.spansReleased += count;
    this.#outbox.send(createBatch('traces', out.lease!, 0, out.position, count, noClient));
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#running === undefined) return;
    this.#releaseDue(Infinity, this.#running);
    await this.#outbox.drain(signal);
    this.#running.account.set(0);
  }
}

function partOf(id: Int32Array, parts: number): number {
  let mixed = id[0] ^ id[1] ^ id[2] ^ id[3];
  mixed ^= mixed >>> 16;
  mixed ^= mixed >>> 8;
  return (mixed >>> 0) % parts;
}
