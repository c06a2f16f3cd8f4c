import fc from 'fast-check';

const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const factor = Number(process.env['FUZZ_FACTOR'] ?? 1);

/** Asserts a property with a fixed seed; the variables FUZZ_SEED and FUZZ_FACTOR choose another seed and more runs. */
export function check<Ts>(runs: number, property: fc.IRawProperty<Ts, false>): void {
  fc.assert(property, { seed, numRuns: Math.ceil(runs * factor) });
}
