import type { ObservedCall } from './observed-call.ts';

/** Reads one part of a streamed answer. */
export type ChunkReader = (chunk: unknown, call: ObservedCall) => void;

type Iterate = (...args: never[]) => AsyncIterator<unknown>;

/**
 * Observes the parts of a stream of a vendor's library, whose `iterator` (or `Symbol.asyncIterator`) gives them: the stream and its iterators
 * stay the objects that they are, and give the same values and errors at the same moments. True when the stream can be observed.
 */
export function observeStream(stream: object, call: ObservedCall, read: ChunkReader): boolean {
  const target = stream as Record<PropertyKey, unknown>;
  const method = typeof target['iterator'] === 'function' ? 'iterator' : Symbol.asyncIterator;
  const iterate = target[method] as Iterate | undefined;
  if (typeof iterate !== 'function') return false;
  define(target, method, function (this: unknown, ...args: never[]): AsyncIterator<unknown> {
    const iterator = iterate.apply(stream, args);
    observeIterator(iterator, call, read, () => isAborted(stream));
    return iterator;
  });
  return true;
}

function observeIterator(iterator: AsyncIterator<unknown>, call: ObservedCall, read: ChunkReader, aborted: () => boolean): void {
  const { next, return: close, throw: raise } = iterator;
  const seen = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done === true) {
      // An aborted stream ends without an error.
      if (aborted()) call.abandon();
      else call.succeed();
    } else {
      call.chunk();
      call.read(() => read(result.value, call));
    }
    return result;
  };
  const failed = (error: unknown): never => {
    call.fail(error);
    throw error;
  };
  const target = iterator as unknown as Record<PropertyKey, unknown>;
  define(target, 'next', (...args: [] | [undefined]) => next.apply(iterator, args).then(seen, failed));
  if (close !== undefined) {
    define(target, 'return', (value: unknown) => {
      call.abandon();
      return close.call(iterator, value);
    });
  }
  if (raise !== undefined) {
    define(target, 'throw', (error: unknown) => {
      call.abandon();
      return raise.call(iterator, error);
    });
  }
}

function isAborted(stream: object): boolean {
  return (stream as { readonly controller?: AbortController }).controller?.signal?.aborted === true;
}

function define(target: Record<PropertyKey, unknown>, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}
