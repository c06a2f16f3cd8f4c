const keys = ['rpc.grpc.status_code', 'grpc.code', 'rpc.grpc.status.code', 'grpc.status.code'];

/** google.rpc.Code by name, without underscores. */
const codes: ReadonlyMap<string, number> = new Map([
  ...(
    'OK CANCELLED UNKNOWN INVALIDARGUMENT DEADLINEEXCEEDED NOTFOUND ALREADYEXISTS PERMISSIONDENIED RESOURCEEXHAUSTED ' +
    'FAILEDPRECONDITION ABORTED OUTOFRANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATALOSS UNAUTHENTICATED'
  )
    .split(' ')
    .map((name, code): [string, number] => [name, code]),
  ['CANCELED', 1],
]);

/** The number of a span's gRPC status as text, from a number or a name; '' when it has none. */
export function grpcStatus(meta: ReadonlyMap<string, string>, metrics: ReadonlyMap<string, number>): string {
  for (const key of keys) {
    const text = meta.get(key) ?? '';
    if (text === '') continue;
    if (/^\d+$/.test(text)) return String(Number(text));
    const code = codes.get(
      text
        .replace(/^StatusCode\./, '')
        .replaceAll('_', '')
        .toUpperCase(),
    );
    return code === undefined ? '' : String(code);
  }
  for (const key of keys) {
    const value = metrics.get(key);
    if (value !== undefined) return String(Math.trunc(value));
  }
  return '';
}
