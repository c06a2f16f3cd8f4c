import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { key } from '@millrace/api';
import type { Batch, Key, Visitor } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { ItemView, Walk } from '@millrace/wire';
import type { OtlpJsonFileConfig } from './config.ts';

const fileName = key('log.file.name');
const filePath = key('log.file.path');
const fileNameResolved = key('log.file.name_resolved');
const filePathResolved = key('log.file.path_resolved');

/** The attributes that tell the file of an item. */
export type FileAttributes = readonly (readonly [Key, string])[];

/** The attributes that the configuration asks for. */
export async function fileAttributes(path: string, config: OtlpJsonFileConfig): Promise<FileAttributes> {
  const attributes: [Key, string][] = [];
  if (config.include_file_name) attributes.push([fileName, basename(path)]);
  if (config.include_file_path) attributes.push([filePath, path]);
  if (!config.include_file_name_resolved && !config.include_file_path_resolved) return attributes;
  const resolved = await realpath(path).catch(() => path);
  if (config.include_file_name_resolved) attributes.push([fileNameResolved, basename(resolved)]);
  if (config.include_file_path_resolved) attributes.push([filePathResolved, resolved]);
  return attributes;
}

/** Sets attributes on spans and log records. */
export class FileAttributeVisitor implements Visitor {
  #attributes: FileAttributes = [];
  readonly #walk: Walk = walk([this], (_, error) => {
    throw error;
  });

  /** The batch with the attributes; the given one is used up when it is another. */
  apply(batch: Batch, attributes: FileAttributes): Batch {
    if (attributes.length === 0 || batch.signal === 'metrics') return batch;
    this.#attributes = attributes;
    const changed = this.#walk.run(batch) ?? batch;
    if (changed !== batch) batch.release();
    return changed;
  }

  onSpan(span: ItemView): void {
    this.#set(span);
  }

  onLog(log: ItemView): void {
    this.#set(log);
  }

  #set({ attributes }: ItemView): void {
    for (const [name, value] of this.#attributes) attributes.setString(name, value);
  }
}
