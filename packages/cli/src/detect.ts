import { resolve } from 'node:path';
import { AdaptiveDetector } from '@millrace/timeseries';
import type { Arguments } from './arguments.ts';
import { minSeriesRows, readSeriesFile } from './series-file.ts';
import type { Terminal } from './terminal.ts';

const chunkLength = 65_536;

/**
 * Prints `timestamp,value,score,detected,lower,upper` for every row of a series in a file of comma-separated values (`readSeriesFile`), judged by an
 * `AdaptiveDetector`: what is said of a row depends on that row and those before only. Timestamp and value stand as in the file; `detected` is 1
 * where an anomaly begins to be seen. Throws an Error, after the rows, when there are fewer than 50.
 */
export async function detectFile({ operands, timestamp, value }: Arguments, terminal: Terminal): Promise<void> {
  const [file] = operands;
  if (file === undefined || operands.length > 1) throw new Error('detect needs one file: detect <file.csv>');
  const detector = new AdaptiveDetector();
  let text = 'timestamp,value,score,detected,lower,upper\n';
  let rows = 0;
  try {
    for await (const row of readSeriesFile(resolve(terminal.cwd, file), { timestamp, value })) {
      const { score, detected, lower, upper } = detector.update(row.timestampMs, row.value);
      text += `${row.text},${row.valueText},${Number(score.toFixed(6))},${detected ? 1 : 0},${bound(lower)},${bound(upper)}\n`;
      rows++;
      if (text.length < chunkLength) continue;
      terminal.stdout(text);
      text = '';
    }
  } finally {
    if (rows > 0) terminal.stdout(text);
  }
  if (rows < minSeriesRows) throw new Error(`${file} has ${rows} rows: at least ${minSeriesRows} are needed to tell what is usual`);
}

/** A bound with the digits that mean something; empty while there is none. */
function bound(value: number): string {
  return Number.isNaN(value) ? '' : String(Number(value.toPrecision(7)));
}
