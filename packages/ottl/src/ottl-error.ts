/**
 * A statement failed on an item: what functions and paths throw at run time. It is made without a stack, since bad data may make one for
 * every item.
 */
export class OttlError extends Error {
  constructor(message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'OttlError';
  }
}
