export { fromPlain } from './from-plain.ts';
export type { PlainField, PlainMessage } from './plain-message.ts';
export { toPlain } from './to-plain.ts';
