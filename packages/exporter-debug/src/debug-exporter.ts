import type { Batch, Consumed, Context, Stage } from '@millrace/api';
import { toPlain } from '@millrace/wire/plain';
import type { DebugConfig } from './config.ts';
import { countMessages } from './count-messages.ts';
import { detailedText } from './detailed-text.ts';
import { normalText } from './normal-text.ts';
import { OutputPaths } from './output-paths.ts';
import { Sampler } from './sampler.ts';

const titles = { traces: 'Traces', metrics: 'Metrics', logs: 'Logs', profiles: 'Profiles' } as const;

function counts({ signal, bytes, items }: Batch): Record<string, number> {
  const resources = countMessages(bytes, [1]);
  switch (signal) {
    case 'traces':
      return { 'resource spans': resources, spans: items };
    case 'metrics':
      return { 'resource metrics': resources, metrics: countMessages(bytes, [1, 2, 2]), 'data points': items };
    case 'logs':
      return { 'resource logs': resources, 'log records': items };
    default:
      return { 'resource profiles': resources };
  }
}

/** Writes batches for people to read, as the Collector does. Takes every batch; those that are not sampled are not written. */
export class DebugExporter implements Stage {
  readonly #config: DebugConfig;
  readonly #context: Context;
  readonly #sampler: Sampler;
  readonly #output: OutputPaths | undefined;

  constructor(config: DebugConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#sampler = new Sampler(config.sampling_initial, config.sampling_thereafter, context.clock);
    this.#output = config.use_internal_logger ? undefined : new OutputPaths(config.output_paths ?? ['stdout']);
  }

  start(): Promise<void> | void {
    return this.#output?.open();
  }

  consume(batch: Batch): Consumed {
    const written = this.#sampler.take() ? this.#write(batch) : undefined;
    if (written === undefined) {
      this.#context.items.absorb(batch.items);
      return undefined;
    }
    return written.then(() => this.#context.items.absorb(batch.items));
  }

  shutdown(): Promise<void> | void {
    return this.#output?.close();
  }

  #write(batch: Batch): Consumed {
    const title = titles[batch.signal];
    const attributes = counts(batch);
    const text = this.#text(batch);
    if (this.#output === undefined) {
      this.#context.logger.info(title, attributes);
      if (text !== undefined) this.#context.logger.info(text);
      return undefined;
    }
    const pairs = Object.entries(attributes).map(([name, count]) => `"${name}": ${count}`);
    return this.#output.write(`${title}\t{${pairs.join(', ')}}\n${text === undefined ? '' : `${text}\n`}`);
  }

  #text(batch: Batch): string | undefined {
    const { signal } = batch;
    if (this.#config.verbosity === 'basic' || signal === 'profiles') return undefined;
    const show = this.#config.verbosity === 'normal' ? normalText : detailedText;
    return show(signal, toPlain(signal, batch));
  }
}
