import type { Component, Host } from '@millrace/api';
import { configOf, Sink, systemClock, testContext, type TestContext, testHost } from '@millrace/api/testing';
import { request } from 'undici';
import { factory } from '../src/index.ts';

export interface Running {
  readonly receiver: Component;
  readonly context: TestContext;
  readonly host: Host;
  readonly sink: Sink;
  /** `http://host:port`. */
  readonly url: string;
}

const running: Running[] = [];

/** Starts a receiver on a free port. */
export async function start(settings: object = {}, sink: Sink = new Sink(), budgetBytes?: number): Promise<Running> {
  const context = testContext({ id: 'zipkin', kind: 'receiver', clock: systemClock });
  const host = testHost(budgetBytes);
  const config = configOf(factory, { endpoint: '127.0.0.1:0', ...settings });
  const receiver = factory.create(config, new Map([['traces', sink]]), context);
  await receiver.start!(host);
  const test = { receiver, context, host, sink, url: `http://${context.lines[0]!.attributes!['endpoint'] as string}` };
  running.push(test);
  return test;
}

/** For `afterEach`: shuts down what was started, and finds leaked leases. */
export async function stopAll(): Promise<void> {
  for (const { receiver, host } of running.splice(0)) {
    await receiver.shutdown!(AbortSignal.abort());
    while (host.memory.accounted > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Posts a body; text is JSON. */
export async function post(
  url: string,
  body: Buffer | string,
  contentType = 'application/json',
): Promise<{ status: number; text: string }> {
  const answer = await request(url, { method: 'POST', body, headers: { 'content-type': contentType } });
  return { status: answer.statusCode, text: await answer.body.text() };
}
