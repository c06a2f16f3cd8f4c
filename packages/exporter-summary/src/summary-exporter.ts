import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Context, Host, Stage } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { SummaryVisitor } from '@millrace/genai';
import { walk } from '@millrace/wire';
import type { Walk } from '@millrace/wire';
import type { SummaryConfig } from './config.ts';
import { SummaryServer } from './summary-server.ts';

const notRunning = new PipelineError('summary is not running', { kind: 'retryable' });

/** Adds what passes to the sums of its id, which the instances for traces and logs share. */
export class SummaryExporter implements Stage {
  readonly #config: SummaryConfig;
  readonly #context: Context;
  #server: SummaryServer | undefined;
  #walk: Walk | undefined;
  #visitor: SummaryVisitor | undefined;
  #consumedMs = 0;
  readonly #settle = (): void => {
    // Nothing comes that could move event time on.
    if (this.#context.clock.now() - this.#consumedMs >= durationMs(this.#config.wait)) this.#visitor?.settle();
  };

  constructor(config: SummaryConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  async start(host: Host): Promise<void> {
    const server = SummaryServer.of(host, this.#config, this.#context);
    await server.start();
    this.#server = server;
    const { logger } = this.#context;
    server.beforeAnswer.add(this.#settle);
    this.#visitor = new SummaryVisitor(server.summary, server.prices, durationMs(this.#config.wait));
    this.#walk = walk([this.#visitor], (_visitor, error) => {
      logger.warn('Failed to read an item', { error: error instanceof Error ? error.message : String(error) });
    });
  }

  consume(batch: Batch): Consumed {
    if (this.#walk === undefined) throw notRunning;
    this.#consumedMs = this.#context.clock.now();
    this.#walk.run(batch);
    this.#context.items.absorb(batch.items);
    return undefined;
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const server = this.#server;
    server?.beforeAnswer.delete(this.#settle);
    this.#server = undefined;
    this.#walk = undefined;
    await server?.stop(signal);
  }
}
