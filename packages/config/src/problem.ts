/** Where in the user's configuration something stands. */
export interface Position {
  /** The file as the user named it, a URL, or a flag such as `--set a.b`. */
  readonly file: string;
  /** Counted from 1; absent for a flag. */
  readonly line?: number;
  /** Counted from 1; absent for a flag. */
  readonly column?: number;
}

/** Something to tell the user about a place in the configuration. Values under `x-secret` never appear in it. */
export interface Notice {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The keys that lead there, joined as the Collector joins them: `exporters::otlp_grpc::endpoint`. Empty for the whole configuration. */
  readonly path: string;
  /** A complete sentence in the Collector's words. */
  readonly message: string;
  /** What would be right here, such as `one of: grpc, http`. */
  readonly expected?: string;
  /** The nearest right name for a key, type or id. */
  readonly suggestion?: string;
}

/** Why a configuration cannot be used: it is wrong (`invalid`), or right but for something that this version does not have (`unsupported`). */
export interface Problem extends Notice {
  readonly verdict: 'invalid' | 'unsupported';
}

/** Something that does not keep the configuration from running. `info` marks what is probably meant as it is. */
export interface Warning extends Notice {
  readonly level: 'warn' | 'info';
}

/** A configuration that cannot be used, with ALL its problems. Its message is `formatProblems(problems)`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(formatProblems(problems), options);
    this.problems = problems;
  }
}

/** Why a plugin cannot be used. */
export class PluginLoadError extends Error {
  override readonly name = 'PluginLoadError';
  /** Where in the plugin, and what would be right. */
  readonly advice: Partial<Notice>;

  constructor(message: string, advice: Partial<Notice> = {}) {
    super(message);
    this.advice = advice;
  }
}

/**
 * The text for people: for each notice its message, then indented where it stands, what was expected and the nearest right name. Notices are
 * separated by a newline, as the Collector separates its errors.
 */
export function formatProblems(notices: readonly (Problem | Notice)[]): string {
  return notices.map(formatNotice).join('\n');
}

function formatNotice(notice: Problem | Notice): string {
  const unsupported = 'verdict' in notice && notice.verdict === 'unsupported';
  const lines = [unsupported ? `unsupported: ${notice.message}` : notice.message];
  const place = [notice.file, notice.line, notice.column].filter((part) => part !== undefined).join(':');
  const where = [place, notice.path === '' ? '' : `(${notice.path})`].filter((part) => part !== '').join(' ');
  if (where !== '') lines.push(`at ${where}`);
  if (notice.expected !== undefined) lines.push(`expected ${notice.expected}`);
  if (notice.suggestion !== undefined) lines.push(`did you mean "${notice.suggestion}"?`);
  if (unsupported) lines.push('see docs/compatibility.md');
  return lines.join('\n    ');
}
