/** A duration as Go prints it, such as `1h2m3.5s` or `250ms`; milliseconds are the finest unit. */
export function durationText(durationMs: number): string {
  const totalMs = Math.round(durationMs);
  if (totalMs === 0) return '0s';
  if (totalMs < 1_000) return `${totalMs}ms`;
  const hours = Math.floor(totalMs / 3_600_000);
  const minutes = Math.floor(totalMs / 60_000) % 60;
  const seconds = (totalMs % 60_000) / 1_000;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}
