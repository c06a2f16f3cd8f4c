import { isMainThread } from 'node:worker_threads';
import { components } from '@millrace/distribution';
import { runWorker } from '@millrace/service';
import { run } from './run.ts';

if (isMainThread) {
  // Who reads may stop reading, as `| head` does: no reason to fail.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.exitCode = await run(process.argv.slice(2), {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    events: process,
    workerScript: new URL(import.meta.url),
  });
  // What a component left open does not keep the process: this fires only when something else does.
  setTimeout(() => process.exit(), 500).unref();
} else {
  await runWorker(components);
}
