export { DueQueue } from './due-queue.ts';
export { larger } from './larger.ts';
export { Outbox } from './outbox.ts';
export { SpanCursor } from './span-cursor.ts';
export { SpanStore } from './span-store.ts';
export { TraceTable } from './trace-table.ts';
export type { TraceId } from './trace-table.ts';
