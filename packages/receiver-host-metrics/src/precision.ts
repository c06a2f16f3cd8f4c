/** numerator / denominator, rounded to as many digits as the larger one has, as the Collector has it. */
export function ratio(numerator: bigint, denominator: bigint): number {
  const quotient = Number(numerator) / Number(denominator);
  if (denominator === 0n) return quotient;
  const larger = Math.max(Number(numerator), Number(denominator));
  const factor = 10 ** Math.max(Math.floor(Math.log10(larger)) + 1, 1);
  return Math.round(quotient * factor) / factor;
}
