import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ExtensionFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { configSchema, type FileStorageConfig } from './config.ts';
import { FileStorage } from './file-storage.ts';

/** Extension `file_storage`: keeps queues in files that survive the process. */
export const factory: ExtensionFactory<FileStorageConfig> = {
  kind: 'extension',
  type: 'file_storage',
  stability: 'beta',
  configSchema,
  scope: 'process',
  validateConfig: (config) => [...directoryProblems(config), ...numberProblems(config)],
  create: (config, context) => new FileStorage(config, context),
};

function directoryProblems({ directory, create_directory: create, directory_permissions: permissions }: FileStorageConfig): string[] {
  const problems: string[] = [];
  if (create && !/^[0-7]+$/.test(permissions)) problems.push('directory_permissions value must be a valid octal representation');
  else if (create && Number.parseInt(permissions, 8) > 0o777) problems.push('directory_permissions contain invalid bits for file access');
  try {
    const found = statSync(directory, { throwIfNoEntry: false });
    if (found !== undefined && !found.isDirectory()) return [...problems, `${directory} is not a directory`];
    if (found === undefined && !create) {
      problems.push(
        `directory must exist: stat ${directory}: no such file or directory. You can enable the create_directory option to automatically create it`,
      );
    } else {
      accessSync(found === undefined ? nearestDirectory(directory) : directory, constants.W_OK | constants.X_OK);
    }
  } catch (error) {
    problems.push(`problem accessing configured directory: ${directory}, err: ${(error as Error).message}`);
  }
  return problems;
}

/** The directory in which the first missing one would be made. */
function nearestDirectory(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) if (statSync(at, { throwIfNoEntry: false }) !== undefined) return at;
}

function numberProblems({ timeout, max_size_mib: maxMib, segment_size_mib: segmentMib }: FileStorageConfig): string[] {
  const problems: string[] = [];
  if (durationMs(timeout) < 0) problems.push('timeout must be non-negative');
  if (segmentMib < 0.01) problems.push('segment_size_mib must be at least 0.01');
  if (maxMib < 0) problems.push('max_size_mib must be non-negative');
  else if (maxMib > 0 && maxMib < 2 * segmentMib) problems.push('max_size_mib must be at least twice segment_size_mib');
  return problems;
}
