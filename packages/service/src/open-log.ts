import { appendFileSync } from 'node:fs';

/** Where the paths `stdout` and `stderr` lead. */
export interface StandardStreams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** This process's. */
export const ownStreams: StandardStreams = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
};

/**
 * A function that writes a log line to each of `service::telemetry::logs::output_paths`: `stdout`, `stderr` or a file, which is appended to
 * and may be moved away at any time. Throws when a file cannot be written now; later failures are told to `errorPaths` (`error_output_paths`)
 * and lose the line there only.
 */
export function openLog(
  paths: readonly string[],
  errorPaths: readonly string[] = [],
  streams: StandardStreams = ownStreams,
): (line: string) => void {
  const open = (path: string): ((line: string) => void) => {
    if (path === 'stdout' || path === 'stderr') return streams[path];
    appendFileSync(path, '');
    return (line) => appendFileSync(path, line);
  };
  const writers = paths.map(open);
  const errorWriters = errorPaths.map(open);
  return (line) => {
    for (const write of writers) {
      try {
        write(line);
      } catch (error) {
        complain(errorWriters, error);
      }
    }
  };
}

function complain(writers: readonly ((line: string) => void)[], error: unknown): void {
  for (const write of writers) {
    try {
      write(`${new Date().toISOString()} write error: ${(error as Error).message}\n`);
    } catch {
      // There is nobody left to tell.
    }
  }
}
