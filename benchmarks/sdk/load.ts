import { Pool } from 'undici';

/** Sends requests over many connections, as fast as they are answered. Run by benchmarks/sdk-overhead.ts. */

const connections = Number(process.argv[2]);
const pools = new Map<string, Pool>();
const body = JSON.stringify({ question: 'What is the answer to the question that nobody has asked so far? '.repeat(8) });

async function run(url: string, requests: number): Promise<{ latenciesMs: number[]; failed: number }> {
  let pool = pools.get(url);
  if (pool === undefined)
    pools.set(url, (pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 120_000, bodyTimeout: 120_000 })));
  const latenciesMs: number[] = [];
  let failed = 0;
  let sent = 0;
  const one = async (): Promise<void> => {
    while (sent < requests) {
      sent++;
      const begin = performance.now();
      const response = await pool.request({ path: '/', method: 'POST', body, headers: { 'content-type': 'application/json' } });
      await response.body.dump();
      if (response.statusCode === 200) latenciesMs.push(performance.now() - begin);
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { latenciesMs, failed };
}

process.on('disconnect', () => process.exit());
process.on(
  'message',
  ({ url, requests }: { url: string; requests: number }) => void run(url, requests).then((result) => process.send!(result)),
);
process.send!({ port: 0 });
