const rateLimited = /(^|\D)429(\D|$)|rate.?limit|throttl|too.?many.?requests|resource_?exhausted|quota/i;

/** Whether an `error.type` says that a vendor refused a call because of a rate limit. */
export function isRateLimit(errorType: string): boolean {
  return rateLimited.test(errorType);
}
