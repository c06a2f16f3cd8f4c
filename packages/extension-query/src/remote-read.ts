import type { HistogramSample, LabelMatcher, SeriesSamples } from '@millrace/api';
import { QueryError } from '@millrace/promql';
import { createCompressor, protoFields } from '@millrace/transport';
import type { Handler } from './handler.ts';
import { ProtoWriter } from './proto-writer.ts';

const operators: readonly LabelMatcher['operator'][] = ['=', '!=', '=~', '!~'];
const samplesResponse = 0;
const compress = createCompressor('snappy')!;

interface ReadQuery {
  readonly startMs: number;
  readonly endMs: number;
  readonly matchers: readonly LabelMatcher[];
}

/** `/api/v1/read`: Prometheus's remote_read, answered with samples. */
export const remoteRead: Handler = async ({ exchange, body, source, samplesMax, signal }) => {
  const { queries, accepted } = readRequest(body);
  if (accepted.length > 0 && !accepted.includes(samplesResponse)) {
    throw new QueryError(
      'bad_data',
      `server does not support any of the requested response types: ${accepted.join(' ')}; supported: [SAMPLES]`,
    );
  }
  const response = new ProtoWriter();
  let count = 0;
  for (const query of queries) {
    const result = new ProtoWriter();
    for await (const series of source.select({ ...query, signal })) {
      count += series.timestampsMs.length;
      if (count > samplesMax) throw new QueryError('bad_data', `exceeded sample limit (${samplesMax})`);
      result.message(1, seriesMessage(series));
    }
    response.message(1, result);
  }
  const compressed = await compress(response.bytes());
  const headers = ['Content-Type', 'application/x-protobuf', 'Content-Encoding', 'snappy', 'Content-Length', String(compressed.length)];
  exchange.reply({ status: 200, headers, body: compressed });
};

function readRequest(body: Buffer): { readonly queries: readonly ReadQuery[]; readonly accepted: readonly number[] } {
  const queries: ReadQuery[] = [];
  const accepted: number[] = [];
  try {
    for (const { number, value } of protoFields(body)) {
      if (number === 1 && Buffer.isBuffer(value)) queries.push(readQuery(value));
      else if (number === 2 && typeof value === 'number') accepted.push(value);
      else if (number === 2 && Buffer.isBuffer(value)) accepted.push(...value);
    }
  } catch (error) {
    if (error instanceof QueryError) throw error;
    throw new QueryError('bad_data', (error as Error).message);
  }
  return { queries, accepted };
}

function readQuery(bytes: Buffer): ReadQuery {
  let [startMs, endMs] = [0, 0];
  const matchers: LabelMatcher[] = [];
  for (const { number, value } of protoFields(bytes)) {
    if (number === 1) startMs = Number(value);
    else if (number === 2) endMs = Number(value);
    else if (number === 3 && Buffer.isBuffer(value)) matchers.push(readMatcher(value));
  }
  return { startMs, endMs, matchers };
}

function readMatcher(bytes: Buffer): LabelMatcher {
  let operator: LabelMatcher['operator'] | undefined = '=';
  let [name, wanted] = ['', ''];
  for (const { number, value } of protoFields(bytes)) {
    if (number === 1) operator = operators[Number(value)];
    else if (number === 2) name = String(value);
    else if (number === 3) wanted = String(value);
  }
  if (operator === undefined) throw new QueryError('bad_data', 'invalid matcher type');
  return { name, operator, value: wanted };
}

function seriesMessage({ labels, timestampsMs, values, histograms }: SeriesSamples): ProtoWriter {
  const message = new ProtoWriter();
  const sample = new ProtoWriter();
  for (const [name, value] of labels) message.message(1, new ProtoWriter().text(1, name).text(2, value));
  const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < timestampsMs.length; i++) {
    const histogram = histograms?.[i];
    const timeMs = timestampsMs[i]!;
    // By its bits, as a staleness marker is a NaN of its own.
    if (histogram === undefined) message.message(2, sample.reset().fixed64(1, bits[i]!).integer(2, timeMs));
    else message.message(4, histogramMessage(histogram, timeMs));
  }
  return message;
}

function histogramMessage(histogram: HistogramSample, timeMs: number): ProtoWriter {
  const { count, sum, schema, zeroThreshold, zeroCount, negative, positive, customBounds = [], gauge = false } = histogram;
  const message = new ProtoWriter().double(2, count).double(3, sum).signed(4, schema).double(5, zeroThreshold).double(7, zeroCount);
  for (const [field, { spans, counts }] of [
    [8, negative],
    [11, positive],
  ] as const) {
    for (let i = 0; i < spans.length; i += 2) message.message(field, new ProtoWriter().signed(1, spans[i]!).integer(2, spans[i + 1]!));
    message.doubles(field + 2, counts);
  }
  return message
    .integer(14, gauge ? 3 : 0)
    .integer(15, timeMs)
    .doubles(16, customBounds);
}
