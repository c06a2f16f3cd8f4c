import { FakeClock, settle } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { balance, direct, Fleet, itemsAt, named, placement, refuse, request, staticResolver, traceId } from './fleet.ts';

const two = staticResolver('one:1', 'two:2');

const spans = (count: number) =>
  request(
    'traces',
    [],
    {},
    Array.from({ length: count }, (_, index) => named(String(index), { traceId: traceId(index * 977 + 1) })),
  );

const both = (fleet: Fleet) => ['one:1', 'two:2'].map((endpoint) => itemsAt(fleet, 'traces', endpoint).length);

/** How many of the items belong to each of the two backends. */
async function shares(count: number): Promise<[one: number, two: number]> {
  const { fleet, offer, stop } = await balance(two);
  await offer(spans(count));
  await stop();
  return both(fleet) as [number, number];
}

const quick = { initial_interval: '10ms', max_interval: '10ms', randomization_factor: 0, multiplier: 1, max_elapsed_time: '1s' };

describe('A batch', () => {
  it('is refused when no backend takes a part of it, for now when one refuses for now', async () => {
    const { fleet, context, offer, stop } = await balance(two);
    fleet.at('one:1').answer = refuse('permanent');
    fleet.at('two:2').answer = refuse('retryable');
    await expect(offer(spans(20))).rejects.toMatchObject({ kind: 'retryable', message: 'no: retryable' });
    fleet.at('two:2').answer = refuse('permanent');
    await expect(offer(spans(20))).rejects.toMatchObject({ kind: 'permanent' });
    await stop();
    expect(context.items).toMatchObject({ dropped: {}, absorbed: 0, created: 0, held: 0 });
  });

  it.each([
    ['retryable', 'retry_disabled'],
    ['permanent', 'permanent'],
  ] as const)('of which a backend refuses its part (%s) is taken; the part is dropped and counted', async (kind, reason) => {
    const [one, other] = await shares(20);
    const { fleet, context, offer, stop } = await balance(two);
    fleet.at('two:2').answer = refuse(kind);
    await offer(spans(20));
    await stop();
    expect(both(fleet)).toEqual([one, 0]);
    expect(context.items).toMatchObject({ dropped: { [reason]: other }, absorbed: one, created: 0, held: 0 });
    expect(context.lines).toContainEqual(
      expect.objectContaining({ level: 'error', attributes: expect.objectContaining({ dropped_items: other }) }),
    );
  });

  it('is tried again with retry_on_failure for the part that was refused, and for no other', async () => {
    const [one, other] = await shares(20);
    const clock = new FakeClock();
    const { fleet, context, offer, stop } = await balance({ ...two, retry_on_failure: quick }, { overrides: { clock } });
    let refusals = 2;
    fleet.at('two:2').answer = () => {
      if (refusals-- > 0) refuse('retryable')();
    };
    const offered = offer(spans(20));
    await clock.advance(100);
    await offered;
    await stop();
    expect(both(fleet)).toEqual([one, other]);
    expect(context.items).toMatchObject({ dropped: {}, absorbed: 20, created: 0, held: 0 });
  });

  it('is taken, and the rest dropped, when retries end', async () => {
    const [one, other] = await shares(20);
    const clock = new FakeClock();
    const { fleet, context, offer, stop } = await balance({ ...two, retry_on_failure: quick }, { overrides: { clock } });
    fleet.at('two:2').answer = refuse('retryable');
    const offered = offer(spans(20));
    await clock.advance(5000);
    await offered;
    await stop();
    expect(context.items).toMatchObject({ dropped: { retries_exhausted: other }, absorbed: one, held: 0 });
  });

  it('waits in the sending_queue while every backend refuses', async () => {
    const clock = new FakeClock();
    const settings = { ...two, retry_on_failure: quick, sending_queue: { queue_size: 2, num_consumers: 1 } };
    const { stage, fleet, context, offer, stop } = await balance(settings, { overrides: { clock } });
    let down = true;
    for (const endpoint of ['one:1', 'two:2']) {
      fleet.at(endpoint).answer = () => {
        if (down) refuse('retryable')();
      };
    }
    await offer(spans(10));
    await offer(spans(10));
    await expect(offer(spans(10))).rejects.toMatchObject({ message: 'sending queue is full' });
    expect(stage.refusing()).toMatchObject({ message: 'sending queue is full' });
    down = false;
    await clock.advance(100);
    await stop();
    expect(context.items).toMatchObject({ dropped: {}, absorbed: 20, held: 0 });
  });

  it('fails after the timeout at a backend that does not answer; what it takes later is counted as made', async () => {
    const [one, other] = await shares(20);
    const clock = new FakeClock();
    const { fleet, context, offer, stop } = await balance({ ...two, timeout: '2s' }, { overrides: { clock } });
    const late = Promise.withResolvers<void>();
    fleet.at('two:2').answer = () => late.promise;
    const offered = offer(spans(20));
    await clock.advance(3000);
    await offered;
    expect(context.items.dropped).toEqual({ retry_disabled: other });
    late.resolve();
    await settle();
    await stop();
    expect(context.items).toMatchObject({ absorbed: one + other, created: other, held: 0 });
  });
});

describe('Shutdown', () => {
  it('does not wait for the retries of a backend', async () => {
    const protocol = { otlp: { sending_queue: { enabled: false } } };
    const { fleet, context, offer, stop } = await balance({ ...two, protocol });
    fleet.at('one:1').answer = fleet.at('two:2').answer = refuse('retryable');
    const offered = offer(spans(20)).catch((error: unknown) => error);
    await settle();
    await stop();
    expect(await offered).toMatchObject({
      kind: 'retryable',
      message: expect.stringMatching(/interrupted due to shutdown: no: retryable$/),
    });
    expect(context.items).toMatchObject({ dropped: {}, absorbed: 0, held: 0 });
  });

  it('gives up at the deadline, also what a backend never answers', async () => {
    const { stage, fleet, context, offer, host } = await balance({ ...two, protocol: {} });
    fleet.at('one:1').answer = fleet.at('two:2').answer = refuse('retryable');
    await offer(spans(20));
    await settle();
    await stage.shutdown(AbortSignal.abort(new Error('time is up')));
    expect(context.items).toMatchObject({ dropped: { shutdown: 20 }, absorbed: 0, held: 0 });
    expect(host.memory.accounted).toBe(0);
  });
});

describe('The exporter of a backend', () => {
  it('queues and tries again with the settings of protocol::otlp', async () => {
    const clock = new FakeClock();
    const protocol = { otlp: { retry_on_failure: quick } };
    const { fleet, context, offer, stop } = await balance({ ...two, protocol }, { overrides: { clock } });
    let refusals = 3;
    fleet.at('two:2').answer = () => {
      if (refusals-- > 0) refuse('retryable')();
    };
    await offer(spans(20));
    await clock.advance(200);
    await stop();
    expect(both(fleet)).toEqual(await shares(20));
    expect(context.items).toMatchObject({ dropped: {}, absorbed: 20, held: 0 });
  });

  it('refuses for all only when the queues of all are full', async () => {
    const protocol = { otlp: { sending_queue: { queue_size: 1, num_consumers: 1 } } };
    const { stage, fleet, offer, stop } = await balance({ ...two, protocol });
    const open = Promise.withResolvers<void>();
    fleet.at('one:1').answer = fleet.at('two:2').answer = () => open.promise;
    expect(stage.refusing()).toBeUndefined();
    await offer(spans(20));
    expect(stage.refusing()).toMatchObject({ message: 'sending queue is full' });
    open.resolve();
    await settle();
    expect(stage.refusing()).toBeUndefined();
    await stop();
  });

  it('has an id of its own and speaks with its endpoint in the log, and an endpoint setting is of no effect', async () => {
    const protocol = { otlp: { ...direct.otlp, endpoint: 'elsewhere:1' } };
    const { fleet, context, offer, stop } = await balance({ ...two, protocol });
    expect(fleet.ids).toEqual(['otlp_grpc/load_balancing_one:1', 'otlp_grpc/load_balancing_two:2']);
    fleet.at('one:1').answer = refuse('retryable');
    await offer(spans(20));
    await stop();
    expect([...fleet.servers.keys()]).toEqual(['one:1', 'two:2']);
    expect(context.items.attributes).toEqual({});
    expect(context.lines.map(({ attributes }) => attributes?.['endpoint'])).toContain('one:1');
  });

  it.each(['', 'create '])('that does not start (%s) leaves its share to be refused', async (step) => {
    const fleet = new Fleet();
    fleet.broken.add(`${step}two:2`);
    const { context, offer, stop } = await balance(two, { fleet });
    await offer(spans(20));
    await stop();
    expect(context.lines[0]).toMatchObject({
      level: 'error',
      message: `failed to ${step === '' ? 'start' : 'create'} new exporter for endpoint`,
      attributes: { endpoint: 'two:2' },
    });
    expect(new Set(Object.values(placement(fleet, 'traces')))).toEqual(new Set(['one:1']));
    expect(context.lines.map(({ attributes }) => attributes?.['error'])).toContain('couldn\'t find the exporter for the endpoint "two:2"');
  });
});
