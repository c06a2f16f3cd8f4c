/** The error of the last address that was tried, where Node.js reports several at once without a message. */
export function plainError(error: Error): Error {
  return error instanceof AggregateError && error.message === '' ? ((error.errors.at(-1) as Error | undefined) ?? error) : error;
}
