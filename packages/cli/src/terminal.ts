/** The parts of the process that a command uses. */
export interface Terminal {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Where signals arrive: the process. */
  readonly events: NodeJS.EventEmitter;
  /** The script that further threads of the process run. Absent: everything runs on this thread. */
  readonly workerScript?: URL;
}
