import { resolve } from 'node:path';
import { forecast } from '@millrace/timeseries';
import type { Arguments } from './arguments.ts';
import { minSeriesRows, readSeriesFile } from './series-file.ts';
import type { Terminal } from './terminal.ts';

/** What `forecastFile` is asked for; the rest of the command line is not its concern. */
export type ForecastArguments = Pick<Arguments, 'operands'> & Partial<Pick<Arguments, 'timestamp' | 'value' | 'horizon' | 'season'>>;

/**
 * Prints the next `horizon` steps of the series of a file as CSV: `timestamp,mean,lower80,upper80,lower95,upper95`. A step is the median interval of the rows;
 * months, quarters and years follow the calendar. Throws an Error for less than 50 rows with a value, and for what `readSeriesFile` refuses.
 */
export async function forecastFile({ operands, timestamp, value, horizon, season }: ForecastArguments, terminal: Terminal): Promise<void> {
  if (operands.length !== 1) throw new Error('forecast needs one file: forecast <file.csv> --horizon <n>');
  if (horizon === undefined) throw new Error('forecast needs --horizon <n>: how many steps to look ahead');
  const path = operands[0]!;
  const timestampsMs: number[] = [];
  const values: number[] = [];
  let sample = '';
  let known = 0;
  for await (const row of readSeriesFile(resolve(terminal.cwd, path), { timestamp, value })) {
    timestampsMs.push(row.timestampMs);
    values.push(row.value);
    sample = row.text;
    if (!Number.isNaN(row.value)) known++;
  }
  if (known < minSeriesRows)
    throw new Error(`${path} has too little history to forecast: ${minSeriesRows} rows with a value are needed, there are ${known}`);
  const result = forecast({ timestampsMs, values }, horizon, season === undefined ? {} : { season });
  if (result.status === 'insufficient_data') throw new Error(`${path} has too little history to forecast: ${result.missing}`);
  const format = timestampFormat(sample);
  const lines = ['timestamp,mean,lower80,upper80,lower95,upper95'];
  for (let h = 0; h < horizon; h++) {
    const bounds = [result.mean, result.lower80, result.upper80, result.lower95, result.upper95].map((column) => numberText(column[h]!));
    lines.push(`${format(result.timestampsMs[h]!)},${bounds.join(',')}`);
  }
  terminal.stdout(`${lines.join('\n')}\n`);
}

/** Ten digits: more are noise. */
const numberText = (value: number): string => String(Number(value.toPrecision(10)));

/** Writes times as the file does: Unix time in its unit, or ISO 8601 with what the sample has of `T`, time of day, fraction and zone. */
function timestampFormat(sample: string): (timeMs: number) => string {
  if (/^-?\d+(\.\d+)?([eE]\+?\d+)?$/.test(sample)) {
    const size = Math.abs(Number(sample));
    const perMs = size < 1e11 ? 0.001 : size < 1e14 ? 1 : size < 1e17 ? 1e3 : 1e6;
    // Whole nanoseconds are more than a double holds.
    if (perMs > 1) return (timeMs) => (BigInt(Math.round(timeMs * 1e3)) * BigInt(perMs / 1e3)).toString();
    return (timeMs) => String(timeMs * perMs);
  }
  const offset = /([+-])(\d{2}):?(\d{2})?$/.exec(sample.includes(':') ? sample : '');
  const shiftMs = offset === null ? 0 : (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3] ?? 0)) * 60_000;
  const zone = /Z$/i.test(sample) ? 'Z' : (offset?.[0] ?? '');
  const separator = /\dT\d/i.test(sample) ? 'T' : ' ';
  const withTime = sample.includes(':');
  return (timeMs) => {
    const iso = new Date(timeMs + shiftMs).toISOString();
    const time = iso.slice(11, 23).replace('.000', '');
    // Days at midnight stay days; other steps need their time.
    return withTime || time !== '00:00:00' ? `${iso.slice(0, 10)}${separator}${time}${zone}` : iso.slice(0, 10);
  };
}
