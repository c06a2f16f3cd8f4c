/** The kinds of telemetry a pipeline carries. `profiles` passes through uninterpreted: its bytes are checked for structure only. */
export type Signal = 'traces' | 'metrics' | 'logs' | 'profiles';

/** Every signal, in the order in which the Collector lists them. */
export const signals: readonly Signal[] = ['traces', 'metrics', 'logs', 'profiles'];
