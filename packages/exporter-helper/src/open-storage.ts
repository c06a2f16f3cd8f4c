import { type Host, isStorage, type StorageExtension } from '@millrace/api';

/** The started storage extension with this id. Throws in the Collector's words when there is none. */
export function openStorage(host: Host, id: string): StorageExtension {
  const extension = host.extension(id, (found): found is unknown => found !== undefined);
  if (!isStorage(extension)) throw new Error(`requested extension is not a storage extension: ${id}`);
  return extension;
}
