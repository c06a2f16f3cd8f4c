import type { ObservedCall } from './observed-call.ts';

/** The promise that the libraries of OpenAI and Anthropic return: it reads the answer only when somebody waits for it. */
interface ApiPromise extends Promise<unknown> {
  responsePromise: Promise<unknown>;
  parseResponse: (...args: unknown[]) => unknown;
  asResponse: () => Promise<unknown>;
  /** The same request with another view of its answer; what the libraries' helpers wait for. */
  _thenUnwrap?: (transform: (answer: unknown, ...rest: unknown[]) => unknown) => unknown;
  parsedPromise?: unknown;
}

function isApiPromise(value: object): value is ApiPromise {
  const { responsePromise, parseResponse, asResponse } = value as Partial<ApiPromise>;
  return responsePromise instanceof Promise && typeof parseResponse === 'function' && typeof asResponse === 'function';
}

/**
 * Observes what a method of a vendor's client returned and gives it back: the same object with all its helpers, which still reads the body only
 * if somebody asks for it. `answered` is given the answer. A rejection that nobody handles stays unhandled.
 */
export function observePromise(returned: unknown, call: ObservedCall, answered: (answer: unknown) => void): unknown {
  if (!(returned instanceof Promise)) {
    answered(returned);
    return returned;
  }
  if (isApiPromise(returned)) return observeApiPromise(returned, call, once(answered));
  return returned.then(
    (answer: unknown) => {
      answered(answer);
      return answer;
    },
    (error: unknown) => {
      call.fail(error);
      throw error;
    },
  );
}

function observeApiPromise(promise: ApiPromise, call: ObservedCall, answered: (answer: unknown) => void): ApiPromise {
  const failed = (error: unknown): never => {
    call.fail(error);
    throw error;
  };
  const { parseResponse, asResponse, _thenUnwrap: thenUnwrap } = promise;
  // In its place, not beside it: whoever waits for the one waits for the other, and nobody else handles its rejection.
  const response = promise.responsePromise.then(undefined, failed);
  promise.responsePromise = response;
  const parsed = (answer: unknown): unknown => {
    answered(answer);
    return answer;
  };
  promise.parseResponse = (...args) => {
    let answer: unknown;
    try {
      answer = parseResponse.apply(promise, args);
    } catch (error) {
      return failed(error);
    }
    return answer instanceof Promise ? answer.then(parsed, failed) : parsed(answer);
  };
  promise.asResponse = async () => {
    const raw = await asResponse.call(promise);
    // The application reads the body itself, if at all.
    if (promise.parsedPromise === undefined) call.abandon();
    return raw;
  };
  if (thenUnwrap !== undefined) {
    promise._thenUnwrap = (transform) => {
      // From here on the other promise is the one that is waited for.
      response.catch(() => {});
      const other = thenUnwrap.call(promise, (answer, ...rest) => {
        answered(answer);
        return transform(answer, ...rest);
      });
      return other instanceof Promise && isApiPromise(other) ? observeApiPromise(other, call, () => {}) : other;
    };
  }
  return promise;
}

/** However many ways lead to an answer, it is one. */
function once(answered: (answer: unknown) => void): (answer: unknown) => void {
  let done = false;
  return (answer) => {
    if (done) return;
    done = true;
    answered(answer);
  };
}
