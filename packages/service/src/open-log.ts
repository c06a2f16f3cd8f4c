import { appendFileSync } from 'node:fs';

/**
 * A function that writes a log line to each of `service::telemetry::logs::output_paths`: `stdout`, `stderr` or a file, which is appended
 * to. Throws when a file cannot be written.
 */
export function openLog(paths: readonly string[]): (line: string) => void {
  const writers = paths.map((path): ((line: string) => void) => {
    if (path === 'stdout') return (line) => void process.stdout.write(line);
    if (path === 'stderr') return (line) => void process.stderr.write(line);
    appendFileSync(path, '');
    return (line) => appendFileSync(path, line);
  });
  return (line) => {
    for (const write of writers) write(line);
  };
}
