/** The connectors of this thread that compute statistics of traces. */
const connectors = new Set<object>();

/** Says that a connector computes statistics from now on, so that exporters need not; the result takes that back. */
export function announceStats(): () => void {
  const connector = {};
  connectors.add(connector);
  return () => void connectors.delete(connector);
}

/** Whether a connector computes statistics. */
export function hasStatsConnector(): boolean {
  return connectors.size > 0;
}
