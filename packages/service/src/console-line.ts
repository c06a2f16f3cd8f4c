/** What every line of JSON has. */
interface LineFields {
  readonly level: string;
  readonly ts: string;
  readonly msg: string;
  readonly stacktrace?: string;
}

/** A line for people from a line of JSON: time, level and message with tabs between them, then the other fields as JSON. A stack follows in lines of its own. */
export function consoleLine(json: string): string {
  const { level, ts, msg, stacktrace, ...fields } = JSON.parse(json) as LineFields;
  const text = Object.keys(fields).length === 0 ? '' : `\t${JSON.stringify(fields)}`;
  const stack = stacktrace === undefined ? '' : `\n${stacktrace}`;
  return `${ts}\t${level}\t${msg}${text}${stack}\n`;
}
