import type { Component, Consumer, Host, PipelineError, Signal } from '@millrace/api';
import { configOf, Sink, systemClock, testContext, testHost, type TestContext } from '@millrace/api/testing';
import { type CheckedConfig, checkConfig, type ConfigError, type Problem, resolveConfig } from '@millrace/config';
import { expect } from '@jest/globals';
import { factory } from '../src/index.ts';

/** A sink that can also say that it would refuse everything. */
export class RefusableSink extends Sink {
  refusal: PipelineError | undefined;
  refusing(): PipelineError | undefined {
    return this.refusal;
  }
}

export interface Running {
  readonly receiver: Component;
  readonly context: TestContext;
  readonly host: Host;
  readonly sinks: Readonly<Record<Signal, RefusableSink>>;
  /** `host:port` that gRPC is served at. */
  readonly grpc: string;
  /** URL that HTTP is served at, without a path. */
  readonly http: string;
  shutdown(signal?: AbortSignal): Promise<void>;
}

const running: Running[] = [];

interface Options {
  readonly grpc?: object;
  readonly http?: object;
  readonly signals?: readonly Signal[];
  readonly budgetBytes?: number;
  readonly host?: Host;
}

/** Starts a receiver on free ports with a sink per signal. */
export async function start(options: Options = {}): Promise<Running> {
  const sinks = { traces: new RefusableSink(), metrics: new RefusableSink(), logs: new RefusableSink(), profiles: new RefusableSink() };
  const next = new Map<Signal, Consumer>(
    (options.signals ?? ['traces', 'metrics', 'logs', 'profiles']).map((signal) => [signal, sinks[signal]]),
  );
  const endpoint = '127.0.0.1:0';
  const config = configOf(factory, { protocols: { grpc: { endpoint, ...options.grpc }, http: { endpoint, ...options.http } } });
  const context = testContext({ id: 'otlp', kind: 'receiver', clock: systemClock });
  const host = options.host ?? testHost(options.budgetBytes);
  const receiver = factory.create(config, next, context);
  await receiver.start!(host);
  const [grpc, http] = context.lines.map((line) => line.attributes!['endpoint'] as string);
  const shutdown = async (signal: AbortSignal = AbortSignal.abort()): Promise<void> => receiver.shutdown!(signal);
  const test = { receiver, context, host, sinks, grpc: grpc!, http: `http://${http}`, shutdown };
  running.push(test);
  return test;
}

/** For `afterEach`: shuts down what was started, and finds leaked leases. */
export async function stopAll(): Promise<void> {
  for (const test of running.splice(0)) {
    await test.shutdown();
    await eventually(() => test.host.memory.accounted === 0);
    expect(test.context.items).toMatchObject({ dropped: {}, created: 0, absorbed: 0, held: 0 });
  }
}

export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Checks YAML for `receivers.otlp` as the program does. */
export async function check(otlp: string): Promise<CheckedConfig> {
  const yaml = `receivers:\n  otlp:${otlp.replaceAll('\n', '\n    ')}\nexporters: {nop: }\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n`;
  const resolved = await resolveConfig({ locations: [`yaml:${yaml}`], env: {}, cwd: '/' });
  return checkConfig(resolved, {
    types: (kind) => (kind === 'receiver' ? [{ type: 'otlp' }] : kind === 'exporter' ? [{ type: 'nop' }] : []),
    component: async (kind) => (kind === 'receiver' ? factory : {}),
  });
}

/** The problems that `check` finds. */
export async function problemsOf(otlp: string): Promise<readonly Problem[]> {
  try {
    await check(otlp);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}
