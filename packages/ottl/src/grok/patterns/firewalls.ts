import { columns, field, oneOf, optional } from './format.ts';
import type { Patterns } from './format.ts';

/** A value that may be missing behind its name. */
const maybe = (name: string, reference: string): string => name + optional(`%{${reference}}`);

const gap = String.raw`\s+`;

/** Packets that the kernel of Linux logs: iptables, and Shorewall and SuSEfirewall2 on top of it. */
export const iptables: Patterns = {
  IPTABLES_TCP_FLAGS: '(?:(?:CWR|ECE|URG|ACK|PSH|RST|SYN|FIN) )*',
  IPTABLES_TCP_PART: [
    optional(`SEQ=%{INT:iptables.tcp.seq:int}${gap}`),
    optional(`ACK=%{INT:iptables.tcp.ack:int}${gap}`),
    [
      'WINDOW=%{INT:iptables.tcp.window:int}',
      'RES=0x%{BASE16NUM:iptables.tcp_reserved_bits}',
      '%{IPTABLES_TCP_FLAGS:iptables.tcp.flags}',
    ].join(gap),
  ].join(''),
  IPTABLES4_FRAG: String.raw`(?:\s?(?:CE|DF|MF))*`,
  IPTABLES4_PART: [
    [
      'SRC=%{IPV4:source.address}',
      'DST=%{IPV4:destination.address}',
      maybe('LEN=', 'INT:iptables.length:int'),
      `TOS=${oneOf('0', '0x%{BASE16NUM:iptables.tos}')}?`,
      `PREC=${optional('0x%{BASE16NUM:iptables.precedence_bits}')}`,
      maybe('TTL=', 'INT:iptables.ttl:int'),
      maybe('ID=', 'INT:iptables.id'),
      optional('%{IPTABLES4_FRAG:iptables.fragment_flags}'),
    ].join(gap),
    optional(`${gap}FRAG: %{INT:iptables.fragment_offset:int}`),
  ].join(''),
  IPTABLES6_PART: [
    'SRC=%{IPV6:source.address}',
    'DST=%{IPV6:destination.address}',
    maybe('LEN=', 'INT:iptables.length:int'),
    `TC=${oneOf('0', '0x%{BASE16NUM:iptables.tos}')}?`,
    maybe('HOPLIMIT=', 'INT:iptables.ttl:int'),
    maybe('FLOWLBL=', 'INT:iptables.flow_label'),
  ].join(gap),
  IPTABLES: [
    `${maybe('IN=', 'NOTSPACE:observer.ingress.interface.name')}${gap}${maybe('OUT=', 'NOTSPACE:observer.egress.interface.name')}${gap}`,
    // The addresses of both ends, and the type of the frame.
    optional(
      maybe('MAC=', 'COMMONMAC:destination.mac'),
      optional(':%{COMMONMAC:source.mac}'),
      optional(':[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}'),
      gap,
    ),
    `${oneOf('%{IPTABLES4_PART}', '%{IPTABLES6_PART}')}.*?`,
    [
      maybe('PROTO=', 'WORD:network.transport'),
      maybe('SPT=', 'INT:source.port:int'),
      maybe('DPT=', 'INT:destination.port:int'),
      optional('%{IPTABLES_TCP_PART}'),
    ].join(gap),
  ].join(''),
  SHOREWALL: [
    '%{SYSLOGTIMESTAMP:timestamp} %{WORD:observer.hostname} .*Shorewall:',
    `${optional('%{WORD:shorewall.firewall.type}')}:${optional('%{WORD:shorewall.firewall.action}')}.*%{IPTABLES}`,
  ].join(''),
  SFW2_LOG_PREFIX: 'SFW2-INext-%{NOTSPACE:suse.firewall.action}',
  SFW2: [
    oneOf('%{SYSLOGTIMESTAMP:timestamp}', '%{TIMESTAMP_ISO8601:timestamp}'),
    String.raw`\s*%{HOSTNAME:observer.hostname}.*?%{SFW2_LOG_PREFIX:suse.firewall.log_prefix}\s*%{IPTABLES}`,
  ].join(''),
};

/** Traffic logs of NetScreen. */
export const netscreen: Patterns = {
  NETSCREENSESSIONLOG: [
    `%{SYSLOGTIMESTAMP:timestamp} %{IPORHOST:observer.hostname} %{NOTSPACE:observer.name}: ${field('observer.product', 'NetScreen')} `,
    'device_id=%{WORD:netscreen.device_id} .*?',
    optional(String.raw`system-\w+-%{NONNEGINT:event.code}\(%{WORD:netscreen.session.type}\)`),
    ': ',
    [
      'start_time="%{DATA:netscreen.session.start_time}"',
      'duration=%{INT:netscreen.session.duration:int}',
      'policy_id=%{INT:netscreen.policy_id}',
      'service=%{DATA:netscreen.service}',
      'proto=%{INT:netscreen.protocol_number:int}',
      'src zone=%{WORD:observer.ingress.zone}',
      'dst zone=%{WORD:observer.egress.zone}',
      'action=%{WORD:event.action}',
      'sent=%{INT:source.bytes:long}',
      'rcvd=%{INT:destination.bytes:long}',
      'src=%{IPORHOST:source.address}',
      'dst=%{IPORHOST:destination.address}',
    ].join(' '),
    optional(' src_port=%{INT:source.port:int} dst_port=%{INT:destination.port:int}'),
    optional(
      ...['source', 'destination'].map(
        (side) => ` ${side === 'source' ? 'src' : 'dst'}-xlated ip=%{IP:${side}.nat.ip} port=%{INT:${side}.nat.port:int}`,
      ),
    ),
    optional(' session_id=%{INT:netscreen.session.id} reason=%{GREEDYDATA:netscreen.session.reason}'),
  ].join(''),
};

const flow =
  '%{IP:source.address}/%{INT:source.port:int}->%{IP:destination.address}/%{INT:destination.port:int} %{DATA:juniper.srx.service_name}';

/** Of a session: its ends after translation, the rules of translation (`None` for none), and what allowed it. */
const flowOfSession = [
  flow,
  '%{IP:source.nat.ip}/%{INT:source.nat.port:int}->%{IP:destination.nat.ip}/%{INT:destination.nat.port:int}',
  oneOf('None', '%{DATA:juniper.srx.src_nat_rule_name}'),
  oneOf('None', '%{DATA:juniper.srx.dst_nat_rule_name}'),
  columns(
    ' ',
    'INT:network.iana_number',
    'DATA:rule.name',
    'DATA:observer.ingress.zone',
    'DATA:observer.egress.zone',
    'INT:juniper.srx.session_id',
  ),
].join(' ');

/** Sessions of Junos (SRX): closed, created, denied. */
export const junos: Patterns = {
  RT_FLOW_TAG: 'RT_FLOW_SESSION_(?:CREATE|CLOSE|DENY)',
  RT_FLOW_EVENT: '%{RT_FLOW_TAG}',
  RT_FLOW1: [
    `%{RT_FLOW_TAG:juniper.srx.tag}: %{GREEDYDATA:juniper.srx.reason}: ${flowOfSession} `,
    // Packets and bytes, both ways.
    String.raw`\d+\(%{INT:source.bytes:long}\) \d+\(%{INT:destination.bytes:long}\) %{INT:juniper.srx.elapsed_time:int} .*`,
  ].join(''),
  RT_FLOW2: `%{RT_FLOW_TAG:juniper.srx.tag}: session created ${flowOfSession} .*`,
  RT_FLOW3: [
    `%{RT_FLOW_TAG:juniper.srx.tag}: session denied ${flow} `,
    String.raw`%{INT:network.iana_number}\(\d\) %{DATA:rule.name} %{DATA:observer.ingress.zone} %{DATA:observer.egress.zone} .*`,
  ].join(''),
};
