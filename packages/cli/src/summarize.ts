import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { durationMs } from '@millrace/config';
import { costText, PriceList, summaryReport, summaryText, SummaryVisitor, UsageSummary } from '@millrace/genai';
import type { SummaryReport } from '@millrace/genai';
import { admitJson, BufferPool, MemoryLedger, noClient, walk } from '@millrace/wire';
import type { Arguments } from './arguments.ts';
import type { Terminal } from './terminal.ts';

const defaultEndpoint = 'http://localhost:55681';
const timeoutMs = 30_000;
/** Long enough for any file: sums of an hour each. */
const fileRetentionMs = 3650 * 86_400_000;
/** What an agent used waits so long, in the time of the file, for its calls. */
const waitMs = 1_800_000;

/**
 * Prints what generative AI did and cost (`summary`), or the cost by model, user and so on (`cost`): in the last `--window` of a running pipeline
 * with exporter `summary`, or in files of OTLP/JSON requests, of which it takes all unless a window (counted back from the last call) is named.
 */
export async function summarize({ command, operands, window, endpoint, by, json }: Arguments, terminal: Terminal): Promise<void> {
  if (operands.length > 0 && endpoint !== undefined) throw new Error(`${command} needs files or --endpoint, not both`);
  const report = operands.length > 0 ? await ofFiles(operands, window, terminal) : await ofPipeline(endpoint, window ?? '1h');
  if (json) return terminal.stdout(`${JSON.stringify(report, undefined, 2)}\n`);
  terminal.stdout(command === 'cost' ? `${report.from} to ${report.until}\n\n${costText(report, by)}\n` : summaryText(report));
}

async function ofPipeline(endpoint = defaultEndpoint, window: string): Promise<SummaryReport> {
  const url = new URL(`${/^https?:/.test(endpoint) ? endpoint : `http://${endpoint}`}/summary`);
  url.searchParams.set('window', window);
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch((error: Error) => {
    const reason = (error.cause as Error | undefined)?.message ?? error.message;
    throw new Error(`no answer from ${url.origin}: ${reason}. Is a pipeline with exporter "summary" running there? Or name files`);
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url.origin} answers ${response.status}: ${text.trim()}`);
  return JSON.parse(text) as SummaryReport;
}

async function ofFiles(files: readonly string[], window: string | undefined, terminal: Terminal): Promise<SummaryReport> {
  const windowMs = window === undefined ? undefined : durationMs(window);
  const summary = new UsageSummary({ retentionMs: fileRetentionMs, now: Date.now });
  const prices = await PriceList.load();
  const visitor = new SummaryVisitor(summary, prices, waitMs);
  const visits = walk([visitor], (_visitor, error) => {
    throw error;
  });
  const pool = new BufferPool(new MemoryLedger(Number.POSITIVE_INFINITY));
  try {
    for (const file of files) {
      let line = 0;
      const input = createReadStream(resolve(terminal.cwd, file));
      for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
        line++;
        const signal = signalOf(text);
        if (signal === undefined) continue;
        const bytes = Buffer.from(text);
        const lease = pool.lease(bytes.length);
        bytes.copy(lease.buffer);
        try {
          using batch = admitJson(signal, lease, 0, bytes.length, noClient);
          visits.run(batch);
        } catch (error) {
          throw new Error(`${file}:${line}: ${(error as Error).message}`, { cause: error });
        }
      }
    }
  } finally {
    prices.close();
  }
  visitor.settle();
  return summaryReport(summary.window(windowMs ?? summary.latestMs - summary.earliestMs + 1));
}

function signalOf(line: string): 'traces' | 'logs' | undefined {
  const start = line.slice(0, 100);
  if (/"resource_?spans"/i.test(start)) return 'traces';
  return /"resource_?logs"/i.test(start) ? 'logs' : undefined;
}
