import type { Socket } from 'node:dgram';
import { type Batch, type Consumed, type Consumer, type Context, type Host, lend } from '@millrace/api';
import type { ThriftReader } from '@millrace/trace-format';
import { BatchBuilder, type MemoryAccount } from '@millrace/wire';
import { bindUdp } from './bind-udp.ts';
import type { UdpConfig } from './config.ts';
import { countSpans, readThriftBatch } from './read-thrift-batch.ts';

/** Of one message, a line at most every so often. */
const logPauseMs = 10_000;

/**
 * Receives datagrams that each hold one call of agent.thrift `Agent.emitBatch`. Nobody can be told that spans were not taken, so those are
 * dropped and counted: `queue_full`, `memory`, `refused` by the pipeline, `shutdown`. What is no such call is logged.
 */
export class UdpServer {
  readonly #config: UdpConfig;
  readonly #reader: (packet: Buffer) => ThriftReader;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #host: Host;
  readonly #account: MemoryAccount;
  #socket: Socket | undefined;
  readonly #lastLogged = new Map<string, { at: number; suppressed: number }>();
  #queue: Buffer[] = [];
  #head = 0;
  #queuedBytes = 0;
  #busy = 0;
  #idle: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: UdpConfig, reader: (packet: Buffer) => ThriftReader, next: Consumer, context: Context, host: Host) {
    this.#config = config;
    this.#reader = reader;
    this.#next = next;
    this.#context = context;
    this.#host = host;
    this.#account = host.memory.account();
  }

  /** Starts to listen and returns the bound `host:port`. */
  async start(): Promise<string> {
    const socket = await bindUdp(this.#config.endpoint, this.#config.socket_buffer_size);
    this.#socket = socket;
    socket.on('error', (error) => this.#log('UDP socket failed', error));
    socket.on('message', (packet) => this.#receive(packet));
    const { address, port } = socket.address();
    return `${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  /** Closes the socket and hands on what is queued; when the signal aborts, the rest is dropped. Safe without `start`, twice and concurrently. */
  stop(signal: AbortSignal): Promise<void> {
    const drop = (): void => this.#dropQueue();
    if (signal.aborted) drop();
    else signal.addEventListener('abort', drop, { once: true });
    this.#stopped ??= this.#stop();
    return this.#stopped.finally(() => signal.removeEventListener('abort', drop));
  }

  async #stop(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => socket.close(resolve));
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #receive(packet: Buffer): void {
    if (packet.length > this.#config.max_packet_size) {
      this.#log('Packet larger than max_packet_size', new Error(`${packet.length} bytes`));
    } else if (this.#busy < this.#config.workers) this.#process(packet);
    else if (this.#queue.length - this.#head >= this.#config.queue_size) this.#drop(packet, 'queue_full');
    else if (this.#host.memory.available < packet.length) this.#drop(packet, 'memory');
    else {
      this.#queue.push(packet);
      this.#keep(packet.length);
    }
  }

  #keep(differenceBytes: number): void {
    this.#queuedBytes += differenceBytes;
    this.#account.set(this.#queuedBytes);
  }

  #process(packet: Buffer): void {
    const batch = this.#read(packet);
    if (batch === undefined) return;
    const { items } = batch;
    let consumed: Consumed;
    try {
      consumed = lend(this.#next, batch);
    } catch (error) {
      return this.#refused(items, error);
    }
    if (consumed === undefined) return;
    this.#busy++;
    consumed
      .catch((error: unknown) => this.#refused(items, error))
      .finally(() => {
        this.#busy--;
        this.#goOn();
      });
  }

  #goOn(): void {
    while (this.#busy < this.#config.workers && this.#head < this.#queue.length) {
      const packet = this.#queue[this.#head]!;
      this.#head++;
      if (this.#head * 2 >= this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      this.#keep(-packet.length);
      this.#process(packet);
    }
    if (this.#busy === 0) this.#idle?.();
  }

  #read(packet: Buffer): Batch | undefined {
    using builder = new BatchBuilder('traces', this.#host.pool);
    try {
      const reader = this.#reader(packet);
      if (openCall(reader)) readThriftBatch(reader, builder);
      return builder.finish();
    } catch (error) {
      this.#log('Packet cannot be read', error as Error);
      return undefined;
    }
  }

  #refused(items: number, error: unknown): void {
    this.#lose(items, 'refused');
    this.#log('Spans dropped: the pipeline did not take them', error as Error);
  }

  #drop(packet: Buffer, reason: string): void {
    const reader = this.#reader(packet);
    let items = 0;
    try {
      if (openCall(reader)) items = countSpans(reader);
    } catch {
      // What cannot be read holds no spans.
    }
    if (items > 0) this.#lose(items, reason);
  }

  /** Books spans that came in here and went nowhere. */
  #lose(items: number, reason: string): void {
    this.#context.items.create(items);
    this.#context.items.drop(items, reason);
  }

  #dropQueue(): void {
    for (const packet of this.#queue.slice(this.#head)) this.#drop(packet, 'shutdown');
    this.#queue = [];
    this.#head = 0;
    this.#keep(-this.#queuedBytes);
  }

  #log(message: string, error: Error): void {
    const now = this.#context.clock.now();
    const last = this.#lastLogged.get(message);
    if (last !== undefined && now - last.at < logPauseMs) {
      last.suppressed++;
      return;
    }
    const suppressed = last?.suppressed ?? 0;
    this.#lastLogged.set(message, { at: now, suppressed: 0 });
    this.#context.logger.error(message, { error: error.message, ...(suppressed > 0 && { suppressed }) });
  }
}

/** Reads up to the Batch of a call of `emitBatch`; false when the call has none. Throws for any other call. */
function openCall(reader: ThriftReader): boolean {
  const { name } = reader.beginMessage();
  if (name !== 'emitBatch') reader.fail(`unsupported method "${name}"`, reader.start);
  reader.beginStruct();
  while (reader.next()) {
    if (reader.field === 1) return true;
    reader.skip();
  }
  return false;
}
