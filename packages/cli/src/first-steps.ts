import type { CheckedConfig } from '@millrace/config';

/**
 * The lines that a newcomer pastes into a shell to send a first span, metric and log to the first OTLP/HTTP listener, and the pages to look
 * at; '' when there is no such listener.
 */
export function firstSteps(config: CheckedConfig, nowMs: number): string {
  for (const { type, config: settings } of config.receivers.values()) {
    if (type !== 'otlp') continue;
    const { protocols } = settings as { protocols: { http?: { endpoint: string }; grpc?: { endpoint: string } } };
    if (protocols.http === undefined) continue;
    const base = `http://${protocols.http.endpoint.replace('0.0.0.0', 'localhost')}`;
    const start = `${nowMs}000000`;
    const end = `${nowMs + 250}000000`;
    const resource = '"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"first-steps"}}]}';
    const send = (path: string, json: string): string => `curl -H 'content-type: application/json' ${base}/v1/${path} -d '${json}'`;
    return `
Listening for OTLP on ${[protocols.grpc && `${protocols.grpc.endpoint} (gRPC)`, `${protocols.http.endpoint} (HTTP)`].filter(Boolean).join(' and ')}.
Send a first span, metric and log from another terminal; each line ends in {"partialSuccess":{}}:

${send('traces', `{"resourceSpans":[{${resource},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"hello","kind":2,"startTimeUnixNano":"${start}","endTimeUnixNano":"${end}"}]}]}]}`)}

${send('metrics', `{"resourceMetrics":[{${resource},"scopeMetrics":[{"metrics":[{"name":"greetings","unit":"{greeting}","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"asInt":"1","timeUnixNano":"${start}"}]}}]}]}]}`)}

${send('logs', `{"resourceLogs":[{${resource},"scopeLogs":[{"logRecords":[{"timeUnixNano":"${start}","severityNumber":9,"severityText":"INFO","body":{"stringValue":"hello"}}]}]}]}`)}

${pages(config)}`;
  }
  return '';
}

/** The pages of the configured Prometheus exporters and `zpages` extensions, one a line, and an empty line; '' when there are none. */
function pages(config: CheckedConfig): string {
  const of = (configured: CheckedConfig['exporters'], type: string, path: string): string[] =>
    [...configured.values()]
      .filter((component) => component.type === type)
      .map((component) => `http://${(component.config as { endpoint: string }).endpoint.replace('0.0.0.0', 'localhost')}${path}`);
  const lines = [
    ...of(config.exporters, 'prometheus', '/metrics').map((url) => `Metrics for Prometheus: ${url}`),
    ...of(config.extensions, 'zpages', '/debug/servicez').map((url) => `How the service fares: ${url}`),
  ];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`;
}
