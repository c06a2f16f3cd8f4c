import { field, oneOf, optional } from './format.ts';
import type { Patterns } from './format.ts';

const recordTypes = [
  'A AAAA CAA CDNSKEY CDS CERT CNAME CSYNC DLV DNAME DNSKEY DS HINFO LOC MX NAPTR NS NSEC NSEC3 OPENPGPKEY PTR RRSIG RP SIG SMIMEA SOA SRV',
  'TSIG TXT URI IN',
].join(' ');

/** The log of queries that BIND 9 writes. */
export const bind9: Patterns = {
  BIND9_TIMESTAMP: '%{MONTHDAY}-%{MONTH}-%{YEAR} %{TIME}',
  BIND9_DNSTYPE: recordTypes.replaceAll(' ', '|'),
  BIND9_CATEGORY: 'queries',
  BIND9_QUERYLOGBASE: [
    `client${optional(' @0x[0-9A-Fa-f]+')} %{IP:client.address}#%{POSINT:client.port:int}`,
    String.raw` \(%{GREEDYDATA:bind.log.question.name}\): query: %{GREEDYDATA:dns.question.name}`,
    ` ${field('dns.question.class', 'IN')} %{BIND9_DNSTYPE:dns.question.type}`,
    optional(' %{DATA:bind.log.question.flags}'),
    String.raw` \(%{IP:server.address}\)`,
  ].join(''),
  // The field of the category is called so.
  BIND9_QUERYLOG: '%{BIND9_TIMESTAMP:timestamp} %{BIND9_CATEGORY:bing.log.category}: %{LOGLEVEL:log.level}: %{BIND9_QUERYLOGBASE}',
  BIND9: '%{BIND9_QUERYLOG}',
};

/** What Exim's main log says of what is no message: neither field nor arrival. */
const eximNotices = [
  'Message is frozen',
  '(?:Start|End) queue run',
  ' Warning: ',
  ' retry time not reached ',
  ' no (?:IP address|host name) found for (?:IP address|host) ',
  ' unexpected disconnection while reading SMTP command ',
  ' no immediate delivery: ',
  'another process is handling this message',
];

const parenthesized = (reference: string): string => optional(String.raw`\(%{${reference}}\) `);

/** The arrival of messages in Exim's main log. */
export const exim: Patterns = {
  EXIM_MSGID: '[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}',
  EXIM_FLAGS: String.raw`<=|=>|->|\*>|\*\*|==|<>|>>`,
  EXIM_DATE: '%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{TIME}',
  EXIM_PID: String.raw`\[%{POSINT:process.pid:int}\]`,
  // For how long a message has been in the queue.
  EXIM_QT: 'y w d h m s'
    .split(' ')
    .map((unit) => optional(String.raw`\d+${unit}`))
    .join(''),
  EXIM_EXCLUDE_TERMS: eximNotices.join('|'),
  EXIM_REMOTE_HOST: [
    `H=${parenthesized('NOTSPACE:source.host.name')}${parenthesized('NOTSPACE:exim.log.remote_address')}`,
    String.raw`\[%{IP:source.address}\]${optional(':%{POSINT:source.port:int}')}`,
  ].join(''),
  EXIM_INTERFACE: String.raw`I=\[%{IP:destination.address}\]:%{NUMBER:destination.port:int}`,
  EXIM_PROTOCOL: 'P=%{NOTSPACE:network.protocol.name}',
  EXIM_MSG_SIZE: 'S=%{NUMBER:exim.log.message.body.size:int}',
  EXIM_HEADER_ID: 'id=%{NOTSPACE:exim.log.header_id}',
  EXIM_QUOTED_CONTENT: String.raw`(?:[^"\\]|\\.)*`,
  EXIM_SUBJECT: 'T="%{EXIM_QUOTED_CONTENT:exim.log.message.subject}"',
  EXIM_UNKNOWN_FIELD: '[0-9A-Za-z]{1,4}=(?:%{QUOTEDSTRING}|%{NOTSPACE})',
  EXIM_NAMED_FIELDS: `(?: ${oneOf(
    '%{EXIM_REMOTE_HOST}',
    '%{EXIM_INTERFACE}',
    '%{EXIM_PROTOCOL}',
    '%{EXIM_MSG_SIZE}',
    '%{EXIM_HEADER_ID}',
    '%{EXIM_SUBJECT}',
    '%{EXIM_UNKNOWN_FIELD}',
  )})*`,
  EXIM_MESSAGE_ARRIVAL: [
    `%{EXIM_DATE:timestamp} ${optional('%{EXIM_PID} ')}%{EXIM_MSGID:exim.log.message.id} `,
    `${field('exim.log.flags', '<=')} ${optional(field('exim.log.status', '[a-z:]'), ' ')}`,
    '%{EMAILADDRESS:exim.log.sender.email}%{EXIM_NAMED_FIELDS}',
    optional(optional(' from <?%{DATA:exim.log.sender.original}>?'), ' for %{EMAILADDRESS:exim.log.recipient.email}'),
  ].join(''),
  EXIM: '%{EXIM_MESSAGE_ARRIVAL}',
};
