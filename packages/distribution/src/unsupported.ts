import type { ComponentKind } from '@millrace/api';

/** The Collector's components that people configure and this version does not have, with the nearest thing that works. */
export const unsupportedHints: Readonly<Record<ComponentKind, Readonly<Record<string, string>>>> = {
  receiver: {
    file_log: 'send logs as OTLP to the otlp receiver',
    filelog: 'send logs as OTLP to the otlp receiver',
    kafka: 'send OTLP to the otlp receiver',
  },
  processor: {
    gen_ai_normalizer: 'use processor genai, which reads every source by itself; emit: "1.37" has its names',
    genainormalizer: 'use processor genai, which reads every source by itself; emit: "1.37" has its names',
  },
  exporter: {
    kafka: 'use otlp_grpc or otlp_http',
  },
  connector: {},
  extension: {},
};

/** Further components of the Collector, for which there is no substitute here. */
const others: Readonly<Record<ComponentKind, string>> = {
  receiver:
    'active_directory_ds aerospike apache awscontainerinsightreceiver awsecscontainermetrics awsfirehose awsxray ' +
    'azureblob azureeventhub azuremonitor bigip carbon chrony cloudfoundry collectd couchdb docker_stats ' +
    'elasticsearch expvar faro filestats flinkmetrics fluentforward github googlecloudmonitoring googlecloudpubsub ' +
    'haproxy httpcheck icmpcheck iis influxdb jmx journald k8s_cluster k8s_events k8sobjects kafkametrics ' +
    'kubeletstats memcached mongodb mongodbatlas mysql namedpipe netflow nginx nsxt ntp opencensus oracledb osquery ' +
    'otelarrow podman_stats postgresql pulsar purefa rabbitmq receiver_creator redis riak saphana signalfx ' +
    'simpleprometheus skywalking snmp snowflake solace splunk_hec splunkenterprise sqlquery sqlserver sshcheck ' +
    'statsd syslog systemd tcpcheck tcplog udplog vcenter wavefront webhookevent windowseventlog ' +
    'windowsperfcounters windowsservice yanggrpc zookeeper',
  processor:
    'coralogix dns_lookup geoip isolationforest k8s_attributes k8sattributes log_dedup logdedup logstransform ' +
    'lookup metric_start_time metricsgeneration metricstarttime remotetap schema sumologic unroll ' +
    'queuebatch',
  exporter:
    'alertmanager alibabacloud_logservice awscloudwatchlogs awsemf awskinesis awss3 awsxray azureblob ' +
    'azuredataexplorer azuremonitor bmchelix carbon cassandra clickhouse coralogix dataset doris elasticsearch faro ' +
    'googlecloud googlecloudpubsub googlemanagedprometheus honeycombmarker influxdb ' +
    'logicmonitor logzio mezmo opencensus opensearch otelarrow parquet pulsar rabbitmq sapm sentry signalfx ' +
    'splunk_hec stef sumologic syslog tencentcloud_logservice tinybird zipkin_v1',
  connector: 'exceptions grafanacloud metricsaslogs otlpjson signaltometrics slowsql',
  extension:
    'ack asapauth avro_log_encoding awsproxy azure_encoding cfgardenobserver cgroupruntime datadog db_storage ' +
    'docker_observer ecs_observer ecs_task_observer google_cloud_logentry_encoding googleclientauth ' +
    'health_check_grpc host_observer http_forwarder jaeger_encoding jaegerremotesampling json_log_encoding ' +
    'k8s_leader_elector k8s_observer kafkatopics_observer memory_ballast memory_limiter opamp otlp_encoding ' +
    'redis_storage remotetap sigv4auth skywalking_encoding solarwindsapmsettings sumologic text_encoding ' +
    'zipkin_encoding',
};

/** What to do instead of a component that this version does not have; undefined when its name is not one of the Collector's. */
export function unsupportedHint(kind: ComponentKind, type: string): string | undefined {
  const known = unsupportedHints[kind];
  if (Object.hasOwn(known, type)) return known[type];
  return others[kind].split(' ').includes(type) ? 'is not part of this version' : undefined;
}
