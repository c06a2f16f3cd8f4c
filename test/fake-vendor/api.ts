import type { Bill, Buckets, Scenario } from '../fake-vendor.ts';

/** A request, and what is to be answered. */
export interface Ask {
  readonly body: Readonly<Record<string, unknown>>;
  readonly number: number;
  readonly scenario: Scenario;
  readonly responseModel: string;
  readonly callsTool: boolean;
  readonly serviceTier: string;
  readonly usage: Buckets;
  /** Whether the answer tells the usage. */
  readonly told: boolean;
}

/** A server-sent event. */
export interface ServerEvent {
  readonly event?: string;
  readonly data: object | string;
}

/** How one of a vendor's interfaces words things. */
export interface Api {
  readonly path: RegExp;
  readonly provider: Bill['provider'];
  readonly operation: Bill['operation'];
  readonly serviceTier: string;
  model(body: Ask['body'], path: string): string;
  streamed(body: Ask['body'], path: string): boolean;
  tellsStreamed(body: Ask['body']): boolean;
  finish(ask: Ask): string;
  body(ask: Ask): object;
  events(ask: Ask): ServerEvent[];
  /** How a streamed event stands in the answer, and what the answer says it is; server-sent events when absent. */
  readonly framing?: { readonly contentType: string; frame(event: ServerEvent): Uint8Array };
  error(status: number): object;
  /** What stands in the head of an error besides its type. */
  readonly errorHeaders?: Readonly<Record<string, string>>;
}

export const words = ['The', ' canal', ' feeds', ' the', ' wheel', '.'];
export const sentence = words.join('');
export const thought = 'Water runs downhill.';
export const toolInput = { city: 'Paris' };

export const fieldModel = (body: Ask['body']): string => (typeof body['model'] === 'string' ? body['model'] : '');
export const pathModel = (_: Ask['body'], path: string): string =>
  decodeURIComponent(/\/(?:models|model)\/([^/:]+(?::\d+)?)/.exec(path)?.[1] ?? '');
export const fieldStream = (body: Ask['body']): boolean => body['stream'] === true;
export const never = (): boolean => false;
export const always = (): boolean => true;

export const count = (usage: Buckets, ...kinds: (keyof Buckets)[]): number => kinds.reduce((sum, kind) => sum + (usage[kind] ?? 0), 0);
export const allInput = (usage: Buckets): number =>
  count(usage, 'input', 'input_audio', 'cache_read', 'cache_write', 'cache_write_5m', 'cache_write_1h');
export const allOutput = (usage: Buckets): number => count(usage, 'output', 'reasoning', 'output_audio');
/** `usage` under its key, or nothing. */
export const told = (ask: Ask, key: string, usage: object): object => (ask.told ? { [key]: usage } : {});

/** The name of the first tool that the request offers, whatever vendor's shape it has. */
export const toolName = (ask: Ask): string =>
  /"name":"(\w+)"/.exec(JSON.stringify(ask.body['tools'] ?? ask.body['toolConfig'] ?? ''))?.[1] ?? 'weather';

export function halves(text: string): string[] {
  const middle = text.length >> 1;
  return [text.slice(0, middle), text.slice(middle)];
}
