import { oneOf, optional } from './format.ts';
import type { Patterns } from './format.ts';

type Side = 'source' | 'destination';

const interfaceOf = { source: 'observer.ingress.interface.name', destination: 'observer.egress.interface.name' } as const;

const outcome = '%{CISCO_ACTION:cisco.asa.outcome}';
const direction = '%{CISCO_DIRECTION:cisco.asa.network.direction}';
const transport = '%{WORD:cisco.asa.network.transport}';
const reason = '%{CISCO_REASON:event.reason}';
const rule = '%{NOTSPACE:cisco.asa.rule_name}';
const onInterface = 'on interface %{NOTSPACE:observer.egress.interface.name}';
const hashes = String.raw`\[%{DATA:metadata.cisco.asa.hashcode1}, %{DATA:metadata.cisco.asa.hashcode2}\]`;
const unit = String.raw`\((?:Primary|Secondary)\)`;

/** `(bob)`, or nothing. */
const user = (name: string): string => optional(String.raw`\(%{DATA:${name}}\)`);
const port = (side: string): string => `%{INT:${side}.port:int}`;
/** `10.0.0.1/80` */
const endpoint = (side: string): string => `%{IP:${side}.address}/${port(side)}`;
/** `inside:`, before an address. `kind` is NOTSPACE, or DATA, which goes no further than the first colon. */
const behind = (side: Side, kind: 'DATA' | 'NOTSPACE'): string => `%{${kind}:${interfaceOf[side]}}:`;
const icmp = 'type %{INT:cisco.asa.icmp_type:int}, code %{INT:cisco.asa.icmp_code:int}';

const hostPortUser = (side: Side): string =>
  [
    behind(side, 'NOTSPACE'),
    oneOf(`%{IP:${side}.address}`, `%{HOSTNAME:${side}.address}`),
    optional(`/${port(side)}`),
    user(`${side}.user.name`),
  ].join('');

/** `inside/10.0.0.1(80)`, of messages about access lists. */
const listed = (side: Side): string => String.raw`%{DATA:${interfaceOf[side]}}/%{IP:${side}.address}\(${port(side)}\)`;

/** One end of a denied packet, whose fields have names of their own. */
const denied = (side: Side): string =>
  [`%{DATA:${side}.interface}:%{DATA:${side}.address}`, optional(`/%{INT:${side}.port}`), user(`${side}.fwuser`)].join('');

const payload = (side: Side): string =>
  endpoint(`cisco.asa.original_ip_payload.${side}`) + user(`cisco.asa.original_ip_payload.${side}.user.name`);

/** Pieces of the messages of Cisco's firewalls. */
const pieces: Patterns = {
  CISCO_TAGGED_SYSLOG: `^<%{POSINT:log.syslog.priority:int}>%{CISCOTIMESTAMP:timestamp}${optional(' %{SYSLOGHOST:host.name}')} ?: %%{CISCOTAG:cisco.asa.tag}:`,
  CISCOTIMESTAMP: `%{MONTH} +%{MONTHDAY}${optional(' %{YEAR}')} %{TIME}`,
  CISCOTAG: '[0-9A-Z]+-%{INT}-[0-9A-Z_]+',
  CISCO_ACTION: 'Built|Teardown|Deny|Denied|denied by ACL|requested|permitted|denied|discarded|est-allowed|Dropping|created|deleted',
  CISCO_REASON: [
    'Duplicate TCP SYN',
    'Failed to locate egress interface',
    'Invalid transport field',
    'No matching connection',
    'DNS Response',
    'DNS Query',
    String.raw`(?:%{WORD}\s*)*`,
  ].join('|'),
  CISCO_DIRECTION: '[Ii]nbound|[Oo]utbound',
  CISCO_INTERVAL: 'first hit|%{INT}-second interval',
  CISCO_XLATE_TYPE: 'static|dynamic',
  CISCO_HITCOUNT_INTERVAL: `hit-cnt %{INT:cisco.asa.hit_count:int} ${oneOf('first hit', '%{INT:cisco.asa.interval:int}-second interval')}`,
  CISCO_SRC_IP_USER: `${behind('source', 'NOTSPACE')}%{IP:source.address}${user('source.user.name')}`,
  CISCO_DST_IP_USER: `${behind('destination', 'NOTSPACE')}%{IP:destination.address}${user('destination.user.name')}`,
  CISCO_SRC_HOST_PORT_USER: hostPortUser('source'),
  CISCO_DST_HOST_PORT_USER: hostPortUser('destination'),
};

/** Messages of Cisco's ASA by their numbers (Cisco Secure Firewall ASA Series Syslog Messages). */
const messages: Patterns = {
  CISCOFW104001: `${unit} Switching to ACTIVE - %{GREEDYDATA:event.reason}`,
  CISCOFW104002: `${unit} Switching to STANDBY - %{GREEDYDATA:event.reason}`,
  CISCOFW104003: String.raw`${unit} Switching to FAILED\.`,
  CISCOFW104004: String.raw`${unit} Switching to OK\.`,
  CISCOFW105003: `${unit} Monitoring on [Ii]nterface %{NOTSPACE:network.interface.name} waiting`,
  CISCOFW105004: `${unit} Monitoring on [Ii]nterface %{NOTSPACE:network.interface.name} normal`,
  CISCOFW105005: `${unit} Lost Failover communications with mate on [Ii]nterface %{NOTSPACE:network.interface.name}`,
  CISCOFW105008: `${unit} Testing [Ii]nterface %{NOTSPACE:network.interface.name}`,
  CISCOFW105009: `${unit} Testing on [Ii]nterface %{NOTSPACE:network.interface.name} (?:Passed|Failed)`,
  CISCOFW106001: [
    `${direction} ${transport} connection ${outcome} from ${endpoint('source')} to ${endpoint('destination')}`,
    `flags %{DATA:cisco.asa.tcp_flags} ${onInterface}`,
  ].join(' '),
  CISCOFW106006_106007_106010: [
    `${outcome} ${direction} ${transport}`,
    `(?:from|src) ${endpoint('source')}${user('source.user.name')}`,
    `(?:to|dst) ${endpoint('destination')}${user('destination.user.name')}`,
    oneOf(onInterface, `due to ${reason}`),
  ].join(' '),
  CISCOFW106014: String.raw`${outcome} ${direction} ${transport} src %{CISCO_SRC_IP_USER} dst %{CISCO_DST_IP_USER}\s?\(${icmp}\)`,
  CISCOFW106015: [
    String.raw`${outcome} ${transport} \(%{DATA:cisco.asa.rule_name}\) from ${endpoint('source')} to ${endpoint('destination')}`,
    `flags %{DATA:cisco.asa.tcp_flags} ${onInterface}`,
  ].join(' '),
  CISCOFW106021: `${outcome} ${transport} reverse path check from %{IP:source.address} to %{IP:destination.address} ${onInterface}`,
  CISCOFW106023: [
    `%{CISCO_ACTION:action}${optional(' protocol')} %{WORD:network.protocol.name} src ${denied('source')} dst ${denied('destination')}`,
    optional(String.raw` \(type %{INT:icmp_type}, code %{INT:icmp_code}\)`),
    String.raw` by access-group "?%{DATA:policy_id}"? \[%{DATA:hashcode1}, %{DATA:hashcode2}\]`,
  ].join(''),
  CISCOFW106100_2_3: [
    `access-list ${rule} ${outcome} ${transport} for user '%{DATA:user.name}'`,
    `${listed('source')} -> ${listed('destination')} %{CISCO_HITCOUNT_INTERVAL} ${hashes}`,
  ].join(' '),
  CISCOFW106100: [
    `access-list ${rule} ${outcome} ${transport} ${listed('source')}${user('source.user.name')}`,
    `-> ${listed('destination')}${user('source.user.name')}`,
    `hit-cnt %{INT:cisco.asa.hit_count:int} %{CISCO_INTERVAL} ${hashes}`,
  ].join(' '),
  CISCOFW110002: `${reason} for ${transport} from ${behind('source', 'DATA')}${endpoint('source')} to ${endpoint('destination')}`,
  CISCOFW302010: '%{INT:cisco.asa.connections.in_use:int} in use, %{INT:cisco.asa.connections.most_used:int} most used',
  CISCOFW302013_302014_302015_302016: [
    `${outcome}${optional(` ${direction}`)} ${transport} connection %{INT:cisco.asa.connection_id}`,
    ...(['source', 'destination'] as const).map((side) =>
      [
        side === 'source' ? ' for ' : ' to ',
        behind(side, 'NOTSPACE') + endpoint(side),
        optional(String.raw` \(%{IP:${side}.nat.ip}/%{INT:${side}.nat.port:int}\)`),
        user(`${side}.user.name`),
      ].join(''),
    ),
    optional(' duration %{TIME:cisco.asa.duration} bytes %{INT:network.bytes:long}'),
    optional(` ${reason}`),
    optional(String.raw` \(%{DATA:user.name}\)`),
  ].join(''),
  CISCOFW302020_302021: [
    `${outcome}${optional(` ${direction}`)} ${transport} connection`,
    `for faddr %{IP:destination.address}/%{INT:cisco.asa.icmp_seq:int}${user('destination.user.name')}`,
    'gaddr %{IP:source.nat.ip}/%{INT:cisco.asa.icmp_type:int}',
    `laddr %{IP:source.address}/%{INT}${optional(String.raw` \(%{DATA:source.user.name}\)`)}`,
  ].join(' '),
  CISCOFW304001: `%{IP:source.address}${user('source.user.name')} Accessed URL %{IP:destination.address}:%{GREEDYDATA:url.original}`,
  CISCOFW305011: [
    `${outcome} %{CISCO_XLATE_TYPE} ${transport} translation`,
    `from ${behind('source', 'DATA')}%{IP:source.address}${optional(`/${port('source')}`)}${user('source.user.name')}`,
    `to ${behind('destination', 'DATA')}${endpoint('destination')}`,
  ].join(' '),
  CISCOFW313001_313004_313008: [
    `${outcome} ${transport} type=%{INT:cisco.asa.icmp_type:int}, code=%{INT:cisco.asa.icmp_code:int}`,
    `from %{IP:source.address} ${onInterface}${optional(' to %{IP:destination.address}')}`,
  ].join(' '),
  CISCOFW313005: [
    `${reason} for ${transport} error message: %{WORD} src %{CISCO_SRC_IP_USER} dst %{CISCO_DST_IP_USER}`,
    String.raw` \(${icmp}\) on %{NOTSPACE} interface\.\s+`,
    'Original IP payload: %{WORD:cisco.asa.original_ip_payload.network.transport}',
    ` src ${payload('source')} dst ${payload('destination')}`,
  ].join(''),
  CISCOFW321001: "Resource '%{DATA:cisco.asa.resource.name}' limit of %{POSINT:cisco.asa.resource.limit:int} reached for system",
  CISCOFW402117: [
    String.raw`%{WORD:cisco.asa.network.type}: Received a non-IPSec packet \(protocol=\s?${transport}\)`,
    String.raw`from %{IP:source.address} to %{IP:destination.address}\.?`,
  ].join(' '),
  CISCOFW402119: [
    '%{WORD:cisco.asa.network.type}: Received an %{WORD:cisco.asa.ipsec.protocol} packet',
    String.raw`\(SPI=\s?%{DATA:cisco.asa.ipsec.spi}, sequence number=\s?%{DATA:cisco.asa.ipsec.seq_num}\)`,
    String.raw`from %{IP:source.address} \(user=\s?%{DATA:source.user.name}\) to %{IP:destination.address} that failed anti-replay checking\.?`,
  ].join(' '),
  CISCOFW419001: [
    `${outcome} ${transport} packet from ${behind('source', 'NOTSPACE')}${endpoint('source')}`,
    `to ${behind('destination', 'NOTSPACE')}${endpoint('destination')}, reason: %{GREEDYDATA:event.reason}`,
  ].join(' '),
  CISCOFW419002: [
    `${reason} from ${behind('source', 'DATA')}${endpoint('source')} to ${behind('destination', 'DATA')}${endpoint('destination')}`,
    'with different initial sequence number',
  ].join(' '),
  CISCOFW500004: `${reason} for protocol=${transport}, from ${endpoint('source')} to ${endpoint('destination')}`,
  CISCOFW602303_602304: [
    `%{WORD:cisco.asa.network.type}: An ${direction} %{DATA:cisco.asa.ipsec.tunnel_type} SA`,
    String.raw`\(SPI=%{DATA:cisco.asa.ipsec.spi}\) between %{IP:source.address} and %{IP:destination.address}`,
    String.raw`\(user=%{DATA:source.user.name}\) has been ${outcome}`,
  ].join(' '),
  CISCOFW710001_710002_710003_710005_710006: [
    `${transport} (?:request|access) ${outcome}`,
    `from ${endpoint('source')} to ${behind('destination', 'DATA')}${endpoint('destination')}`,
  ].join(' '),
  CISCOFW713172: [
    String.raw`Group = %{DATA:cisco.asa.source.group}, IP = %{IP:source.address}, Automatic NAT Detection Status:\s+`,
    String.raw`Remote end\s*%{DATA:metadata.cisco.asa.remote_nat}\s*behind a NAT device\s+`,
    String.raw`This\s+end\s*%{DATA:metadata.cisco.asa.local_nat}\s*behind a NAT device`,
  ].join(''),
  CISCOFW733100: [
    String.raw`\[\s*%{DATA:cisco.asa.burst.object}\s*\] drop %{DATA:cisco.asa.burst.id} exceeded. `,
    'Current burst rate is %{INT:cisco.asa.burst.current_rate:int} per second, ',
    'max configured rate is %{INT:cisco.asa.burst.configured_rate:int}; ',
    'Current average rate is %{INT:cisco.asa.burst.avg_rate:int} per second, ',
    'max configured rate is %{INT:cisco.asa.burst.configured_avg_rate:int}; ',
    'Cumulative total count is %{INT:cisco.asa.burst.cumulative_count:int}',
  ].join(''),
};

/** What Cisco's firewalls log. */
export const cisco: Patterns = { ...pieces, ...messages };
