import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { setEnvironmentData } from 'node:worker_threads';
import { PipelineError, sharedPorts } from '@millrace/api';
import { Sink } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Batch, thriftBatch } from '../../trace-format/test/jaeger-model.ts';
import { binaryCall, compactCall, i32, list, string, struct } from '../../trace-format/test/thrift-writer.ts';
import { eventually, sendUdp, start, stopAll } from './harness.ts';
import { spansOf } from '../../trace-format/test/flat-spans.ts';

afterEach(stopAll);

const batch = (name: string, spans = 2): Batch => ({
  service: 's',
  spans: Array.from({ length: spans }, () => ({ traceId: 'ff', spanId: '0000000000000001', name, startMicros: 1n, durationMicros: 1n })),
});
const packet = (name: string, spans?: number): Buffer => compactCall('emitBatch', struct({ 1: thriftBatch(batch(name, spans)) }));
const namesIn = (sink: Sink): unknown[] => sink.requests.flatMap((request) => spansOf(request).map(({ name }) => name));

/** A sink whose batches wait until they are let through. */
function gate(): { sink: Sink; readonly waiting: (() => void)[] } {
  const sink = new Sink();
  const waiting: (() => void)[] = [];
  sink.before = () => new Promise<void>((resolve) => waiting.push(resolve));
  return { sink, waiting };
}

describe('A UDP server', () => {
  it('takes calls in the old form of the binary protocol', async () => {
    const { sink, endpoints } = await start({ thrift_binary: {} });
    await sendUdp(endpoints['thrift_binary']!, binaryCall('emitBatch', struct({ 1: thriftBatch(batch('old')) }), false));
    await eventually(() => sink.items === 2);
    expect(namesIn(sink)).toEqual(['old', 'old']);
  });

  it('listens on IPv6', async () => {
    const { sink, context } = await start({ thrift_compact: { endpoint: '[::1]:0' } });
    const endpoint = context.lines[0]!.attributes!['endpoint'] as string;
    expect(endpoint).toMatch(/^\[::1\]:\d+$/);
    const socket = createSocket('udp6');
    socket.send(packet('six'), Number(endpoint.split(']:')[1]), '::1', () => socket.close());
    await eventually(() => sink.items === 2);
  });

  it('does not start where another listens', async () => {
    const { endpoints } = await start({ thrift_compact: {} });
    await expect(start({ thrift_compact: { endpoint: endpoints['thrift_compact']! } })).rejects.toThrow(
      /^listen udp 127\.0\.0\.1:\d+: bind: address already in use$/,
    );
  });

  it('shares its port with the other threads of the process, but not with other processes', async () => {
    setEnvironmentData(sharedPorts, true);
    try {
      const { endpoints } = await start({ thrift_compact: {} });
      const endpoint = endpoints['thrift_compact']!;
      await expect(start({ thrift_compact: { endpoint } })).rejects.toThrow('address already in use');
      const [port] = await new Promise<number[]>((resolve) => {
        const other = createSocket('udp4').bind(0, '127.0.0.1', () => {
          const free = other.address().port;
          other.close(() => resolve([free]));
        });
      });
      const { sink } = await start({ thrift_compact: { endpoint: `127.0.0.1:${port}` } });
      await sendUdp(`127.0.0.1:${port}`, packet('shared'));
      await eventually(() => sink.items === 2);
    } finally {
      setEnvironmentData(sharedPorts, false);
    }
  });

  it.each([
    ['no Thrift at all', Buffer.from('hello'), /^not a message of the compact protocol at byte 0$/],
    ['another version', Buffer.from([0x82, 0x02]), /^version 2 of the compact protocol at byte 1$/],
    ['a packet that ends early', packet('x').subarray(0, -5), /^unexpected end of data at byte \d+$/],
    [
      'spans of Zipkin',
      compactCall('emitZipkinBatch', struct({ 1: list('struct', []) })),
      /^unsupported method "emitZipkinBatch" at byte 0$/,
    ],
    [
      'a batch without a process',
      compactCall('emitBatch', struct({ 1: struct({ 2: list('struct', []) }) })),
      /^required field 1 of Batch is not set at byte \d+$/,
    ],
    [
      'a list that is too long',
      compactCall('emitBatch', struct({ 1: struct({ 2: { type: 'string', value: '' } }) })).subarray(0, -3),
      /at byte \d+$/,
    ],
  ])('logs %s, and goes on', async (_name, bad, message) => {
    const { sink, endpoints, context } = await start({ thrift_compact: {} });
    await sendUdp(endpoints['thrift_compact']!, bad);
    await sendUdp(endpoints['thrift_compact']!, packet('good'));
    await eventually(() => sink.items === 2);
    const errors = context.lines.filter(({ level }) => level === 'error');
    expect(errors).toMatchObject([{ message: 'Packet cannot be read', attributes: { error: expect.stringMatching(message) } }]);
  });

  it('does not fill the log with the same line', async () => {
    const { sink, endpoints, context } = await start({ thrift_compact: {} });
    for (let i = 0; i < 20; i++) await sendUdp(endpoints['thrift_compact']!, Buffer.from('x'));
    await sendUdp(endpoints['thrift_compact']!, packet('good'));
    await eventually(() => sink.items === 2);
    expect(context.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('passes over what it does not know', async () => {
    const { sink, endpoints } = await start({ thrift_compact: {} });
    const args = struct({
      1: struct({
        1: struct({ 1: string('s'), 9: struct({ 1: list('i32', [i32(1), i32(2)]) }) }),
        2: list('struct', []),
        3: { type: 'i64', value: 7n },
        4: { type: 'map', entries: [[string('a'), { type: 'bool', value: true }]] },
        5: { type: 'bool', value: false },
        6: { type: 'double', value: 0.5 },
        7: { type: 'set', element: 'string', values: [string('x')] },
        8: { type: 'i16', value: 3 },
        9: { type: 'byte', value: 3 },
        10: { type: 'map', entries: [] },
      }),
    });
    await sendUdp(endpoints['thrift_compact']!, compactCall('emitBatch', args));
    await sendUdp(endpoints['thrift_compact']!, packet('next'));
    await eventually(() => sink.items === 2);
    expect(namesIn(sink)).toEqual(['next', 'next']);
  });

  it('counts what the pipeline does not take', async () => {
    const { sink, endpoints, context } = await start({ thrift_compact: {} });
    sink.before = () => {
      throw new PipelineError('full', { kind: 'retryable' });
    };
    await sendUdp(endpoints['thrift_compact']!, packet('a'));
    await eventually(() => context.items.dropped['refused'] === 2);
    sink.before = () => Promise.reject(new PipelineError('full', { kind: 'permanent' }));
    await sendUdp(endpoints['thrift_compact']!, packet('b', 3));
    await eventually(() => context.items.dropped['refused'] === 5);
    expect(context.items).toMatchObject({ created: 5, dropped: { refused: 5 } });
    expect(context.lines.at(-1)).toMatchObject({
      level: 'error',
      message: 'Spans dropped: the pipeline did not take them',
      attributes: { error: 'full' },
    });
  });

  it('hands on what is queued before it stops', async () => {
    const { sink, waiting } = gate();
    const { receiver, endpoints, host } = await start({ thrift_compact: { workers: 1 } }, sink);
    for (const name of ['a', 'b', 'c']) await sendUdp(endpoints['thrift_compact']!, packet(name));
    await eventually(() => waiting.length === 1 && host.memory.accounted > 0);
    await new Promise((resolve) => setImmediate(resolve));
    sink.before = undefined;
    const stopped = receiver.shutdown!(new AbortController().signal);
    waiting[0]!();
    await stopped;
    expect(namesIn(sink).slice(0, 2)).toEqual(['a', 'a']);
    expect(host.memory.accounted).toBe(0);
  });

  it('drops what is queued when its time is up', async () => {
    const { sink, waiting } = gate();
    const { receiver, endpoints, context } = await start({ thrift_compact: { workers: 1, queue_size: 5 } }, sink);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'full']) await sendUdp(endpoints['thrift_compact']!, packet(name));
    await eventually(() => context.items.dropped['queue_full'] === 2);
    const stopped = receiver.shutdown!(AbortSignal.abort());
    waiting[0]!();
    await stopped;
    expect(context.items).toMatchObject({ created: 12, dropped: { queue_full: 2, shutdown: 10 } });
  });
});

describe('Settings of a UDP protocol', () => {
  it('queue_size and workers', async () => {
    const { sink, waiting } = gate();
    const { endpoints, context } = await start({ thrift_compact: { workers: 2, queue_size: 1 } }, sink);
    for (const name of ['a', 'b', 'c', 'd', 'e']) await sendUdp(endpoints['thrift_compact']!, packet(name));
    await eventually(() => context.items.dropped['queue_full'] === 4);
    expect(waiting).toHaveLength(2);
    waiting[0]!();
    await eventually(() => waiting.length === 3);
    sink.before = undefined;
    for (const take of waiting.slice(1)) take();
    await eventually(() => sink.items === 6);
    expect(namesIn(sink)).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  });

  it('max_packet_size', async () => {
    const { sink, endpoints, context } = await start({ thrift_compact: { max_packet_size: 200 } });
    await sendUdp(endpoints['thrift_compact']!, packet('large', 20));
    await sendUdp(endpoints['thrift_compact']!, packet('small', 1));
    await eventually(() => sink.items === 1);
    expect(context.lines.at(-1)).toMatchObject({ level: 'error', message: 'Packet larger than max_packet_size' });
  });

  it('socket_buffer_size', async () => {
    const taken: number[] = [];
    for (const socket_buffer_size of [0, 4096]) {
      const { sink, endpoints } = await start({ thrift_compact: { socket_buffer_size } });
      const [host, port] = endpoints['thrift_compact']!.split(':') as [string, string];
      // Nothing is read while this process waits for the other one, so the buffer has to hold what it can.
      const burst = `
        const socket = require('node:dgram').createSocket('udp4');
        const packet = Buffer.from('${packet('x', 20).toString('hex')}', 'hex');
        let left = 60;
        const send = () => socket.send(packet, ${port}, '${host}', () => (--left > 0 ? send() : socket.close()));
        send();`;
      expect(spawnSync(process.execPath, ['-e', burst]).status).toBe(0);
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
      taken.push(sink.requests.length);
    }
    expect(taken[0]).toBe(60);
    expect(taken[1]).toBeLessThan(60);
  });

  it('memory that is spent', async () => {
    const { sink, waiting } = gate();
    const { endpoints, context } = await start({ thrift_compact: { workers: 1 } }, sink, 5000);
    await sendUdp(endpoints['thrift_compact']!, packet('a'));
    await eventually(() => waiting.length === 1);
    await sendUdp(endpoints['thrift_compact']!, packet('b', 200));
    await eventually(() => context.items.dropped['memory'] === 200);
    waiting[0]!();
    await eventually(() => sink.items === 2);
  });
});
