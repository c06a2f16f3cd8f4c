import { resolve } from 'node:path';
import type { Batch, Consumed, Context, Host, Stage } from '@millrace/api';
import { PipelineError } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { joinOutput } from '@millrace/output-file';
import type { Output, OutputOptions } from '@millrace/output-file';
import type { FileConfig } from './config.ts';
import { groupPath } from './group-path.ts';
import { MessageEncoder } from './message-encoder.ts';
import { ResourceGroups } from './resource-groups.ts';

const notRunning = new PipelineError('file is not running', { kind: 'retryable' });

/** Encodes batches and writes them to the file at its path, or to one file for each group, which it shares with the other exporters of that path. */
export class FileExporter implements Stage {
  readonly #path: string;
  readonly #options: OutputOptions;
  readonly #context: Context;
  readonly #encoder: MessageEncoder;
  readonly #groups: ResourceGroups | undefined;
  /** Parts that are being compressed. */
  readonly #pending = new Set<Promise<void>>();
  #output: Output | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: FileConfig, context: Context) {
    this.#path = resolve(config.path);
    this.#options = optionsOf(config);
    this.#context = context;
    this.#encoder = new MessageEncoder(config);
    this.#groups = config.group_by.enabled ? new ResourceGroups(config.group_by.resource_attribute) : undefined;
  }

  async start({ pool }: Host): Promise<void> {
    const first = this.#groups === undefined ? this.#path : undefined;
    this.#output = await joinOutput(this.#path, this.#options, this.#context, pool, first);
  }

  consume(batch: Batch): Consumed {
    const output = this.#output;
    if (output === undefined || this.#stopped !== undefined) throw notRunning;
    const room = output.room();
    // The batch stays valid until the promise settles.
    if (room !== undefined) return room.then(() => this.consume(batch));
    if (this.#groups === undefined) return this.#write(output, this.#path, batch);
    let pending: Promise<void>[] | undefined;
    const without = this.#groups.split(batch, (text, part) => {
      const written = this.#write(output, groupPath(this.#path, text), part);
      if (written !== undefined) (pending ??= []).push(written);
    });
    if (without > 0) this.#context.items.drop(without, 'missing_attribute');
    return pending === undefined ? undefined : Promise.all(pending).then(() => undefined);
  }

  /** Encodes a batch, or a part of one, and hands it over. */
  #write(output: Output, path: string, batch: Batch): Consumed {
    const { items } = this.#context;
    const held = batch.hold();
    const written = this.#encoder.encode(batch, (first, second) => output.append(path, first, second, held.items, items));
    if (written === undefined) {
      held.release();
      return undefined;
    }
    const pending = written.finally(() => {
      held.release();
      this.#pending.delete(pending);
    });
    this.#pending.add(pending);
    return pending;
  }

  refusing(): PipelineError | undefined {
    return this.#output?.failure;
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(signal);
    return this.#stopped;
  }

  async #stop(signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.#pending);
    await this.#output?.leave(this.#context, signal);
  }
}

function optionsOf({ append, flush_interval, create_directory, directory_permissions, group_by, rotation }: FileConfig): OutputOptions {
  return {
    append,
    flushMs: durationMs(flush_interval),
    createDirectory: create_directory || group_by.enabled || rotation !== undefined,
    directoryMode: Number.parseInt(directory_permissions ?? '0755', 8),
    maxOpenFiles: group_by.max_open_files,
    ...(rotation !== undefined && {
      rotation: {
        maxBytes: (rotation.max_megabytes === 0 ? 100 : rotation.max_megabytes) * 1024 * 1024,
        maxDays: rotation.max_days,
        maxBackups: rotation.max_backups,
        localTime: rotation.localtime,
      },
    }),
  };
}
