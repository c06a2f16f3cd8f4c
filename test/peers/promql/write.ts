import type { HistogramSample, SeriesSamples } from '@millrace/api';

/** Protobuf, field by field. */
class Message {
  readonly #parts: Buffer[] = [];

  varint(value: bigint): this {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.#parts.push(Buffer.from(bytes));
    return this;
  }

  integer(field: number, value: number): this {
    return this.varint(BigInt(field * 8)).varint(BigInt(value));
  }

  signed(field: number, value: number): this {
    return this.varint(BigInt(field * 8)).varint(BigInt((value << 1) ^ (value >> 31)));
  }

  double(field: number, bytes: Buffer): this {
    this.varint(BigInt(field * 8 + 1)).#parts.push(bytes);
    return this;
  }

  bytes(field: number, value: Buffer): this {
    this.varint(BigInt(field * 8 + 2)).varint(BigInt(value.length)).#parts.push(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  build(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function doubleOf(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function doubles(values: ArrayLike<number>): Buffer {
  return Buffer.concat(Array.from(values, doubleOf));
}

function histogramOf(sample: HistogramSample, timeMs: number): Buffer {
  const message = new Message().double(2, doubleOf(sample.count)).double(3, doubleOf(sample.sum)).signed(4, sample.schema);
  message.double(5, doubleOf(sample.zeroThreshold)).double(7, doubleOf(sample.zeroCount));
  for (const [field, { spans, counts }] of [
    [8, sample.negative],
    [11, sample.positive],
  ] as const) {
    for (let i = 0; i < spans.length; i += 2)
      message.bytes(
        field,
        new Message()
          .signed(1, spans[i]!)
          .integer(2, spans[i + 1]!)
          .build(),
      );
    message.bytes(field + 2, doubles(counts));
  }
  message.integer(14, sample.gauge === true ? 3 : 0).integer(15, timeMs);
  if (sample.customBounds !== undefined) message.bytes(16, doubles(sample.customBounds));
  return message.build();
}

/** Snappy without any compression. */
function snappy(bytes: Buffer): Buffer {
  const parts = [new Message().varint(BigInt(bytes.length)).build()];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const piece = bytes.subarray(at, at + 65_536);
    const head = Buffer.from([61 << 2, 0, 0]);
    head.writeUInt16LE(piece.length - 1, 1);
    parts.push(head, piece);
  }
  return Buffer.concat(parts);
}

/** Writes series to a Prometheus by remote write, in the order of time, as it takes no samples much older than the newest. */
export async function writeTo(url: string, all: readonly SeriesSamples[], sliceMs = 1_200_000): Promise<void> {
  const firstMs = Math.min(...all.map(({ timestampsMs }) => timestampsMs[0] ?? Infinity));
  const lastMs = Math.max(...all.map(({ timestampsMs }) => timestampsMs.at(-1) ?? 0));
  for (let from = firstMs; from <= lastMs; from += sliceMs) {
    const request = new Message();
    for (const { labels, timestampsMs, values, histograms } of all) {
      const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
      let series: Message | undefined;
      let isNative = false;
      timestampsMs.forEach((timeMs, i) => {
        if (timeMs < from || timeMs >= from + sliceMs) return;
        const histogram = histograms?.[i];
        // Of one entry the numbers are taken before the histograms.
        if (series === undefined || isNative !== (histogram !== undefined)) {
          if (series !== undefined) request.bytes(1, series.build());
          series = new Message();
          isNative = histogram !== undefined;
          for (const [name, value] of labels) series.bytes(1, new Message().text(1, name).text(2, value).build());
        }
        if (histogram !== undefined) series.bytes(4, histogramOf(histogram, timeMs));
        else
          series.bytes(
            2,
            new Message()
              .double(1, raw.subarray(i * 8, i * 8 + 8))
              .integer(2, timeMs)
              .build(),
          );
      });
      if (series !== undefined) request.bytes(1, (series as Message).build());
    }
    const headers = {
      'Content-Encoding': 'snappy',
      'Content-Type': 'application/x-protobuf',
      'X-Prometheus-Remote-Write-Version': '0.1.0',
    };
    const response = await fetch(`${url}/api/v1/write`, { method: 'POST', headers, body: new Uint8Array(snappy(request.build())) });
    if (response.status !== 204) throw new Error(`remote write: ${response.status} ${await response.text()}`);
  }
}
