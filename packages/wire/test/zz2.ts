import fc from 'fast-check';
import { message } from './arbitrary.ts';
import { encode, decode, accepts } from './reference.ts';
for (const n of ['traces', 'metrics', 'logs'] as const) {
  const N = { traces: 'ExportTraceServiceRequest', metrics: 'ExportMetricsServiceRequest', logs: 'ExportLogsServiceRequest' }[n];
  const t = Date.now();
  const s = fc.sample(message(N), { numRuns: 300, seed: 1 });
  const t1 = Date.now();
  const e = s.map((m) => encode(n, m));
  const t2 = Date.now();
  const ok = e.map((b) => accepts(n, b));
  const l = e.map((b) => b.length).sort((a, b) => a - b);
  console.log(n, t1 - t, t2 - t1, ok.every(Boolean), l[10], l[150], l[270], l[299]);
}
