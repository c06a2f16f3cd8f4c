import { type FakeClock, configOf, noDeadline, systemClock, testContext, testHost } from '@millrace/api/testing';
import { admitJson, noClient, type Signal } from '@millrace/wire';
import { factory } from '../src/index.ts';

/** A running exporter and what a test does with it. */
export interface Running {
  readonly context: ReturnType<typeof testContext>;
  readonly host: ReturnType<typeof testHost>;
  /** Sends an OTLP/JSON request; settles as `consume` does. */
  send(request: object): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the exporter without queue and retries, unless the settings say otherwise. */
export async function start(settings: object, signal: Signal, clock: FakeClock | typeof systemClock = systemClock): Promise<Running> {
  const off = { enabled: false };
  const context = testContext({ id: 'datadog', kind: 'exporter', signal, clock, program: { name: 'millrace', version: '1.2.3' } });
  const host = testHost();
  const stage = factory.create(configOf(factory, { sending_queue: off, retry_on_failure: off, ...settings }), context);
  await stage.start!(host);
  return {
    context,
    host,
    async send(request) {
      const body = Buffer.from(JSON.stringify(request));
      const lease = host.pool.lease(body.length);
      lease.buffer.set(body);
      const batch = admitJson(signal, lease, 0, body.length, noClient);
      try {
        await stage.consume(batch);
      } finally {
        batch.release();
      }
    },
    stop: async () => stage.shutdown!(noDeadline()),
  };
}
