const prefix = 'github.com/open-telemetry/opentelemetry-collector-contrib/receiver/';

/** The receivers of the Collector that Datadog knows, numbered from 217 on. */
const receivers = (
  'dockerstats elasticsearch expvar filestats flinkmetrics gitprovider haproxy hostmetrics httpcheck iis k8scluster kafkametrics ' +
  'kubeletstats memcached mongodbatlas mongodb mysql nginx nsxt oracledb postgresql prometheus rabbitmq redis riak saphana snmp snowflake ' +
  'splunkenterprise sqlserver sshcheck statsd vcenter zookeeper activedirectoryds aerospike apache apachespark azuremonitor bigip chrony couchdb'
).split(' ');

/** Datadog's number of what made a metric, by the name of its scope; 0 when it is not known. */
export function originService(scopeName: string): number {
  if (!scopeName.startsWith(prefix)) return 0;
  const receiver = scopeName.slice(prefix.length).split('/')[0]!;
  const index = receivers.indexOf(receiver.replace(/receiver$/, ''));
  return index < 0 || !receiver.endsWith('receiver') ? 0 : 217 + index;
}
