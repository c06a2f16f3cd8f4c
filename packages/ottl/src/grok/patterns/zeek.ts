import { columns, oneOf } from './format.ts';
import type { Patterns } from './format.ts';

const tab = String.raw`\t`;

/** Who talked to whom, with which every log of connections begins. */
const connection = [
  'NUMBER:timestamp',
  'NOTSPACE:zeek.session_id',
  'IP:source.address',
  'INT:source.port:int',
  'IP:destination.address',
  'INT:destination.port:int',
];

/** An empty set is `(empty)`. */
const set = (field: string): string => oneOf(String.raw`\(empty\)`, `%{BRO_DATA:${field}}`);

/** The logs http.log, dns.log, conn.log and files.log of Zeek, which was Bro: columns between tabs. */
export const zeek: Patterns = {
  BRO_BOOL: '[TF]',
  BRO_DATA: String.raw`[^\t]+`,
  BRO_HTTP: [
    columns(
      tab,
      ...connection,
      'INT:zeek.http.trans_depth:int',
      '?WORD:http.request.method',
      '?BRO_DATA:url.domain',
      '?BRO_DATA:url.original',
      '?BRO_DATA:http.request.referrer',
      '?BRO_DATA:user_agent.original',
      '?NUMBER:http.request.body.size:long',
      '?NUMBER:http.response.body.size:long',
      '?POSINT:http.response.status_code:int',
      '?DATA:zeek.http.status_msg',
      '?POSINT:zeek.http.info_code:int',
      '?DATA:zeek.http.info_msg',
      '?BRO_DATA:zeek.http.filename',
    ),
    set('zeek.http.tags'),
    columns(
      tab,
      '?BRO_DATA:url.username',
      '?BRO_DATA:url.password',
      '?BRO_DATA:zeek.http.proxied',
      '?BRO_DATA:zeek.http.orig_fuids',
      '?BRO_DATA:http.request.mime_type',
      '?BRO_DATA:zeek.http.resp_fuids',
      '?BRO_DATA:http.response.mime_type',
    ),
  ].join(tab),
  BRO_DNS: columns(
    tab,
    ...connection,
    'WORD:network.transport',
    '?INT:dns.id:int',
    '?BRO_DATA:dns.question.name',
    '?INT:zeek.dns.qclass:int',
    '?BRO_DATA:zeek.dns.qclass_name',
    '?INT:zeek.dns.qtype:int',
    '?BRO_DATA:dns.question.type',
    '?INT:zeek.dns.rcode:int',
    '?BRO_DATA:dns.response_code',
    '?BRO_BOOL:zeek.dns.AA',
    '?BRO_BOOL:zeek.dns.TC',
    '?BRO_BOOL:zeek.dns.RD',
    '?BRO_BOOL:zeek.dns.RA',
    '?NONNEGINT:zeek.dns.Z:int',
    '?BRO_DATA:zeek.dns.answers',
    '?DATA:zeek.dns.TTLs',
    '?BRO_BOOL:zeek.dns.rejected',
  ),
  BRO_CONN: [
    columns(
      tab,
      ...connection,
      'WORD:network.transport',
      '?BRO_DATA:network.protocol.name',
      '?NUMBER:zeek.connection.duration:float',
      '?INT:zeek.connection.orig_bytes:long',
      '?INT:zeek.connection.resp_bytes:long',
      '?BRO_DATA:zeek.connection.state',
      '?BRO_BOOL:zeek.connection.local_orig',
    ),
    // local_resp came with a later version.
    String.raw`(?:(?:-|%{BRO_BOOL:zeek.connection.local_resp})\t)?` +
      columns(
        tab,
        '?INT:zeek.connection.missed_bytes:long',
        '?BRO_DATA:zeek.connection.history',
        '?INT:source.packets:long',
        '?INT:source.bytes:long',
        '?INT:destination.packets:long',
        '?INT:destination.bytes:long',
      ),
    set('zeek.connection.tunnel_parents'),
  ].join(tab),
  BRO_FILES: columns(
    tab,
    'NUMBER:timestamp',
    'NOTSPACE:zeek.files.fuid',
    '?IP:server.address',
    '?IP:client.address',
    '?BRO_DATA:zeek.files.session_ids',
    '?BRO_DATA:zeek.files.source',
    '?INT:zeek.files.depth:int',
    '?BRO_DATA:zeek.files.analyzers',
    '?BRO_DATA:file.mime_type',
    '?BRO_DATA:file.name',
    '?NUMBER:zeek.files.duration:float',
    '?BRO_DATA:zeek.files.local_orig',
    '?BRO_BOOL:zeek.files.is_orig',
    '?INT:zeek.files.seen_bytes:long',
    '?INT:file.size:long',
    '?INT:zeek.files.missing_bytes:long',
    '?INT:zeek.files.overflow_bytes:long',
    '?BRO_BOOL:zeek.files.timedout',
    '?BRO_DATA:zeek.files.parent_fuid',
    '?BRO_DATA:file.hash.md5',
    '?BRO_DATA:file.hash.sha1',
    '?BRO_DATA:file.hash.sha256',
    '?BRO_DATA:zeek.files.extracted',
  ),
};
