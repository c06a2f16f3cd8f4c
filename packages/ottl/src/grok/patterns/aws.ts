import { columns, field, oneOf, optional, orDash } from './format.ts';
import type { Patterns } from './format.ts';

const httpVersion = optional(' HTTP/%{NUMBER:http.version}');

/** Seconds, or -1 when the request got no further. */
const elbTime = (of: string): string => oneOf('-1', `%{NUMBER:aws.elb.${of}_processing_time.sec:float}`);

const tab = String.raw`\t`;

/** Access logs of Amazon Web Services: S3 (server access logging), the classic load balancer, and CloudFront (standard logging, with tabs). */
export const aws: Patterns = {
  S3_REQUEST_LINE: `%{WORD:http.request.method} %{NOTSPACE:url.original}${httpVersion}`,
  S3_ACCESS_LOG: [
    String.raw`%{WORD:aws.s3access.bucket_owner} %{NOTSPACE:aws.s3access.bucket} \[%{HTTPDATE:timestamp}\]`,
    columns(
      ' ',
      '?IP:client.address',
      '?NOTSPACE:client.user.id',
      'NOTSPACE:aws.s3access.request_id',
      'NOTSPACE:aws.s3access.operation',
      '?NOTSPACE:aws.s3access.key',
    ),
    oneOf('-', '"%{S3_REQUEST_LINE:aws.s3access.request_uri}"'),
    columns(
      ' ',
      '?INT:http.response.status_code:int',
      '?NOTSPACE:aws.s3access.error_code',
      '?INT:aws.s3access.bytes_sent:long',
      '?INT:aws.s3access.object_size:long',
      '?INT:aws.s3access.total_time:int',
      '?INT:aws.s3access.turn_around_time:int',
    ),
    `"${orDash('DATA:http.request.referrer')}" "${orDash('DATA:user_agent.original')}"`,
    orDash('NOTSPACE:aws.s3access.version_id') +
      // What newer logs add.
      optional(
        ' ',
        columns(
          ' ',
          '?NOTSPACE:aws.s3access.host_id',
          '?NOTSPACE:aws.s3access.signature_version',
          '?NOTSPACE:tls.cipher',
          '?NOTSPACE:aws.s3access.authentication_type',
          '?NOTSPACE:aws.s3access.host_header',
          '?NOTSPACE:aws.s3access.tls_version',
        ),
      ),
  ].join(' '),

  ELB_URIHOST: `%{IPORHOST:url.domain}${optional(':%{POSINT:url.port:int}')}`,
  ELB_URIPATHQUERY: `%{URIPATH:url.path}${optional(String.raw`\?%{URIQUERY:url.query}`)}`,
  ELB_URIPATHPARAM: '%{ELB_URIPATHQUERY}',
  ELB_URI: [
    '%{URIPROTO:url.scheme}://',
    optional('%{USER:url.username}', optional(':[^@]*'), '@'),
    optional('%{ELB_URIHOST}'),
    optional('%{ELB_URIPATHQUERY}'),
  ].join(''),
  ELB_REQUEST_LINE: `%{WORD:http.request.method} %{ELB_URI:url.original}${httpVersion}`,
  ELB_V1_HTTP_LOG: [
    '%{TIMESTAMP_ISO8601:timestamp} %{NOTSPACE:aws.elb.name} %{IP:source.address}:%{INT:source.port:int}',
    oneOf('-', '%{IP:aws.elb.backend.ip}:%{INT:aws.elb.backend.port:int}'),
    elbTime('request'),
    elbTime('backend'),
    elbTime('response'),
    columns(
      ' ',
      'INT:http.response.status_code:int',
      '?INT:aws.elb.backend.http.response.status_code:int',
      'INT:http.request.body.size:long',
      'INT:http.response.body.size:long',
    ),
    `"%{ELB_REQUEST_LINE}"` +
      optional(` "${orDash('DATA:user_agent.original')}" `, columns(' ', '?NOTSPACE:tls.cipher', '?NOTSPACE:aws.elb.ssl_protocol')),
  ].join(' '),
  ELB_ACCESS_LOG: '%{ELB_V1_HTTP_LOG}',

  CLOUDFRONT_ACCESS_LOG: [
    field('timestamp', String.raw`%{YEAR}-%{MONTHNUM}-%{MONTHDAY}\t%{TIME}`),
    columns(
      tab,
      'WORD:aws.cloudfront.x_edge_location',
      '?INT:destination.bytes:long',
      'IPORHOST:source.address',
      'WORD:http.request.method',
      'HOSTNAME:url.domain',
      'NOTSPACE:url.path',
    ),
    // 000: the viewer went away.
    oneOf('000', '%{INT:http.response.status_code:int}'),
    columns(
      tab,
      '?DATA:http.request.referrer',
      'DATA:user_agent.original',
      '?DATA:url.query',
      '?DATA:aws.cloudfront.http.request.cookie',
      'WORD:aws.cloudfront.x_edge_result_type',
      'NOTSPACE:aws.cloudfront.x_edge_request_id',
      'HOSTNAME:aws.cloudfront.http.request.host',
      'URIPROTO:network.protocol.name',
      '?INT:source.bytes:long',
      'NUMBER:aws.cloudfront.time_taken:float',
      '?IP:network.forwarded_ip',
      '?DATA:aws.cloudfront.ssl_protocol',
      '?NOTSPACE:tls.cipher',
      'WORD:aws.cloudfront.x_edge_response_result_type',
    ) +
      optional(
        [
          '',
          oneOf('-', 'HTTP/%{NUMBER:http.version}'),
          columns(
            tab,
            '?DATA:aws.cloudfront.fle_status',
            '?DATA:aws.cloudfront.fle_encrypted_fields',
            'INT:source.port:int',
            'NUMBER:aws.cloudfront.time_to_first_byte:float',
            '?DATA:aws.cloudfront.x_edge_detailed_result_type',
            '?NOTSPACE:http.request.mime_type',
            '?INT:aws.cloudfront.http.request.size:long',
            '?INT:aws.cloudfront.http.request.range.start:long',
            '?INT:aws.cloudfront.http.request.range.end:long',
          ),
        ].join(tab),
      ),
  ].join(tab),
};
