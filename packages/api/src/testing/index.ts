export { FakeClock, settle } from './fake-clock.ts';
export { Sink } from './sink.ts';
export { RecordingLedger, systemClock, testContext, testHost } from './test-context.ts';
export type { LogLine, TestContext } from './test-context.ts';
