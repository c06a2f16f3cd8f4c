import { join } from 'node:path';
import type { Scenario } from './scenario.ts';

/** The receiver of a protocol as YAML below `receivers:`, and its id. */
export function receiverYaml(protocol: 'grpc' | 'http' | 'jaeger' | 'zipkin', port: number): { id: string; yaml: string } {
  if (protocol === 'zipkin') return { id: 'zipkin', yaml: `zipkin:\n    endpoint: 127.0.0.1:${port}\n    parse_string_tags: true` };
  const [id, name] = protocol === 'jaeger' ? ['jaeger', 'grpc'] : ['otlp', protocol];
  return { id, yaml: `${id}:\n    protocols:\n      ${name}:\n        endpoint: "127.0.0.1:${port}"` };
}

/** The configuration that the testbed generates, its odd spots included: a trailing comma, lines of blanks, null processors. */
export function loadConfiguration(scenario: Scenario, port: number, backendPort: number, folder: string): string {
  const { load, processors, processorIds, exporter } = scenario;
  const receiver = receiverYaml(load.protocol, port);
  const viaHttp = load.protocol === 'http';
  const exporterId = viaHttp ? 'otlphttp' : 'otlp';
  return `receivers:
  ${receiver.yaml}
exporters:
  ${exporterId}:
    endpoint: "${viaHttp ? 'http://' : ''}127.0.0.1:${backendPort}"
    
    tls:
      insecure: true
    compression: "${load.compression ?? 'none'}"
    ${exporter ?? ''}
processors:
  ${processors ?? ''}

extensions:
  pprof:
    save_to_file: ${join(folder, 'cpu.prof')}

service:
  extensions: [pprof, ]
  pipelines:
    ${load.signal}:
      receivers: [${receiver.id}]
      processors: [${(processorIds ?? []).join(', ')}]
      exporters: [${exporterId}]
`;
}

/** The configuration of a correctness test: own metrics on a port of their own, debug logs, no extensions. */
export function correctnessConfiguration(
  signal: string,
  receiver: { readonly id: string; readonly yaml: string },
  exporter: { readonly id: string; readonly yaml: string },
  telemetryPort: number,
): string {
  return `receivers:
  ${receiver.yaml}
exporters:
  ${exporter.yaml}
processors:
  
extensions:
  
service:
  telemetry:
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: '127.0.0.1'
                port: ${telemetryPort}
    logs:
      level: "debug"
  extensions:
  pipelines:
    ${signal}:
      receivers: [${receiver.id}]
      processors: []
      exporters: [${exporter.id}]
`;
}
