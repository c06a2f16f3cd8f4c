import type { HistogramSample, SeriesSamples } from '@millrace/api';
import { Engine } from '@millrace/promql';
import type { QueryData } from '@millrace/promql';
import { labelsOf, markStale, MemorySource } from './memory-source.ts';

export const minuteMs = 60_000;

/** Series from lines such as `load{job="a"} 1 2 _ stale NaN 0+10x3`: a sample a minute from the epoch on; `_` is none, `0+10x3` is `0 10 20 30`. */
export function load(text: string, native: Readonly<Record<string, readonly (HistogramSample | undefined)[]>> = {}): MemorySource {
  const all: SeriesSamples[] = text
    .trim()
    .split('\n')
    .map((line) => seriesOf(line.trim()));
  for (const [name, samples] of Object.entries(native)) {
    const present = [...samples.keys()].filter((i) => samples[i] !== undefined);
    const timestampsMs = Float64Array.from(present, (i) => i * minuteMs);
    const histograms = present.map((i) => samples[i]);
    all.push({ labels: labelsOf({ __name__: name }), timestampsMs, values: new Float64Array(present.length), histograms });
  }
  return new MemorySource(all);
}

function seriesOf(line: string): SeriesSamples {
  const [, name, braces = '', samples] = /^([\w:]+)(?:\{(.*)\})?\s+(.*)$/.exec(line)!;
  const labels = Object.fromEntries([...braces.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value]));
  const words = samples!.split(/\s+/).flatMap((word) => {
    const match = /^(-?[\d.]+)([-+][\d.]+)x(\d+)$/.exec(word);
    return match === null
      ? [word]
      : Array.from({ length: Number(match[3]) + 1 }, (_, i) => String(Number(match[1]) + i * Number(match[2])));
  });
  const present = [...words.keys()].filter((i) => words[i] !== '_');
  const values = Float64Array.from(present, (i) => (words[i] === 'stale' ? Number.NaN : Number(words[i]!.replace('Inf', 'Infinity'))));
  present.forEach((i, index) => {
    if (words[i] === 'stale') markStale(values, index);
  });
  return { labels: labelsOf({ __name__: name!, ...labels }), timestampsMs: Float64Array.from(present, (i) => i * minuteMs), values };
}

function metric(labels: readonly (readonly [string, string])[]): string {
  const name = labels.find(([label]) => label === '__name__')?.[1] ?? '';
  const others = labels.filter(([label]) => label !== '__name__').map(([label, value]) => `${label}="${value}"`);
  return others.length === 0 && name !== '' ? name : `${name}{${others.join(',')}}`;
}

/** A result as lines: `load{job="a"} 3` for each series, of ranges with all values. */
export function lines(data: QueryData): readonly string[] {
  if (data.type === 'scalar' || data.type === 'string') return [String(data.value)];
  if (data.type === 'vector') {
    return data.samples.map(({ labels, value }) => {
      const text = typeof value === 'number' ? String(value) : `count:${value.parts.count} sum:${value.parts.sum}`;
      return `${metric(labels)} ${text}`;
    });
  }
  return data.series.map(
    ({ labels, values, timesMs, histograms }) =>
      `${metric(labels)} ${[...values].map((value, i) => `${value}@${timesMs[i]! / minuteMs}`).join(' ')}${histograms.map(({ parts }) => ` count:${parts.count}`).join('')}`,
  );
}

/** What a query gives at a minute after the epoch. */
export async function at(source: MemorySource, query: string, minutes: number): Promise<readonly string[]> {
  return lines((await new Engine(source).instant(query, minutes * minuteMs)).data);
}
