/** One row of a table of measurements. */
export interface Measurement {
  readonly name: string;
  /** The fastest round: nanoseconds an item. */
  readonly nanosPerItem: number;
  /** The median round. */
  readonly medianNanosPerItem: number;
}

/** Measures one operation in 15 rounds of at least 20 ms, after as long a warm-up. `run` handles `itemsPerRun` items; what it makes, it releases. */
export function measure(name: string, itemsPerRun: number, run: () => void): Measurement {
  const timed = (times: number): number => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i++) run();
    return Number(process.hrtime.bigint() - start);
  };
  let times = 1;
  while (timed(times) < 20_000_000) times *= 2;
  timed(times);
  const rounds = Array.from({ length: 15 }, () => timed(times) / times / itemsPerRun).sort((a, b) => a - b);
  return { name, nanosPerItem: rounds[0]!, medianNanosPerItem: rounds[7]! };
}

/** Prints measurements as a table. */
export function printTable(rows: readonly Measurement[]): void {
  const width = Math.max(...rows.map((row) => row.name.length));
  console.log(`${'ns per item'.padEnd(width)}     best   median`);
  for (const row of rows)
    console.log(`${row.name.padEnd(width)} ${row.nanosPerItem.toFixed(1).padStart(8)} ${row.medianNanosPerItem.toFixed(1).padStart(8)}`);
}
