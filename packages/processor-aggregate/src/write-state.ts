import { serialize } from 'node:v8';
import type { ByteWriter } from '@millrace/wire';
import type { Aggregator } from './aggregator.ts';
import { cellSize } from './cells.ts';
import type { Cells } from './cells.ts';
import type { InputSeries } from './input-series.ts';
import type { OutputSeries } from './output-series.ts';
import { writeDistribution, writeExemplar, writeSketch, writeWords } from './state-values.ts';

/** Of the form of a state. */
export const stateVersion = 2;
/** What a record of a state is about. */
export const record = { header: 1, group: 2, series: 3, input: 4 } as const;
/** Records that are written at a time. */
const step = 16;
const words = new Int32Array(4);

/**
 * Writes everything that the open windows of an aggregator are made of, as records, and yields after every few of them: a writer may be emptied there. What
 * was written is the state when nothing is counted, closed or forgotten until the end. Nothing closed may be unsent.
 */
export function* writeState(aggregator: Aggregator, fingerprint: string, to: ByteWriter): Generator<void> {
  const { output, input, windows, maxTimeMs, series } = aggregator;
  const open = [...windows.open()];
  to.byte(record.header);
  to.byte(stateVersion);
  const text = Buffer.from(fingerprint);
  to.varint(text.length);
  to.bytes(text);
  writeWords(to, series.identity.secret);
  for (const number of [maxTimeMs, windows.closedUntilMs, input.sinceNanos]) to.double(number);
  to.varint(open.length);
  for (const { cells, length } of open) {
    to.varint(length === undefined ? 0 : length + 1);
    to.double(cells.startMs);
  }
  yield;
  yield* writeGroups(output, to);
  const cells = open.map((one) => one.cells);
  for (let slot = 0, written = 0; slot < output.map.end; slot++) {
    if (!output.map.has(slot)) continue;
    writeSeries(output, slot, to);
    writeCells(cells, slot, to);
    if (++written % step === 0) yield;
  }
  for (let slot = 0, written = 0; slot < input.map.end; slot++) {
    if (!input.map.has(slot)) continue;
    writeInput(input, slot, to);
    if (++written % step === 0) yield;
  }
  yield;
}

function* writeGroups(output: OutputSeries, to: ByteWriter): Generator<void> {
  let written = 0;
  for (let slot = 0; slot < output.groups.end; slot++) {
    if (!output.groups.has(slot)) continue;
    const { rule, name, unit, resource, words: identity } = output.groupAt(slot);
    to.byte(record.group);
    to.varint(slot);
    writeWords(to, identity);
    const bytes = serialize([rule.index, name, unit, resource]);
    to.varint(bytes.length);
    to.bytes(bytes);
    if (++written % step === 0) yield;
  }
}

function writeSeries(output: OutputSeries, slot: number, to: ByteWriter): void {
  const { map, attributes } = output;
  const group = output.groupOf(slot);
  map.words(slot, words);
  to.byte(record.series);
  writeWords(to, words);
  to.fixed32(map.seen(slot) >>> 0);
  to.varint(group.slot);
  to.byte(group.overflow === slot ? 1 : 0);
  const start = attributes.start(slot);
  const length = attributes.length(slot);
  to.varint(length);
  to.bytes(attributes.buffer.subarray(start, start + length));
}

function writeCells(open: readonly Cells[], slot: number, to: ByteWriter): void {
  for (let i = 0; i < open.length; i++) {
    const cells = open[i]!;
    if (cells.count(slot) === 0) continue;
    to.varint(i + 1);
    const values = cells.values(slot);
    const at = cells.at(slot);
    for (let k = 0; k < cellSize; k++) to.double(values[at + k]!);
    writeSketch(to, cells.sketch(slot));
    writeExemplar(to, cells.exemplar(slot));
  }
  to.varint(0);
}

function writeInput({ map, values: { values }, distributions }: InputSeries, slot: number, to: ByteWriter): void {
  map.words(slot, words);
  to.byte(record.input);
  writeWords(to, words);
  to.fixed32(map.seen(slot) >>> 0);
  for (let i = 0; i < 3; i++) to.double(values[slot * 3 + i]!);
  writeDistribution(to, distributions[slot]);
}
