import { columns, oneOf, optional, orDash } from './format.ts';
import type { Patterns } from './format.ts';

const httpVersion = optional(' HTTP/%{NUMBER:http.version}');

/** Apache's formats `common` and `combined`, which nginx writes as well, and its log of errors, before and since 2.4. */
export const httpd: Patterns = {
  HTTPDUSER: '%{EMAILADDRESS}|%{USER}',
  HTTPDERROR_DATE: '%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR}',
  HTTPD_COMMONLOG: [
    columns(' ', 'IPORHOST:source.address', '?HTTPDUSER:apache.access.user.identity', '?HTTPDUSER:user.name'),
    String.raw`\[%{HTTPDATE:timestamp}\]`,
    // What is no request is no field.
    `"${oneOf(`%{WORD:http.request.method} %{NOTSPACE:url.original}${httpVersion}`, '%{DATA}')}"`,
    columns(' ', '?INT:http.response.status_code:int', '?INT:http.response.body.size:long'),
  ].join(' '),
  HTTPD_COMBINEDLOG: `%{HTTPD_COMMONLOG} "${orDash('DATA:http.request.referrer')}" "${orDash('DATA:user_agent.original')}"`,
  HTTPD20_ERRORLOG: [
    String.raw`\[%{HTTPDERROR_DATE:timestamp}\] \[%{LOGLEVEL:log.level}\] `,
    optional(String.raw`\[client %{IPORHOST:source.address}\] `),
    '%{GREEDYDATA:message}',
  ].join(''),
  HTTPD24_ERRORLOG: [
    String.raw`\[%{HTTPDERROR_DATE:timestamp}\] \[${optional('%{WORD:apache.error.module}')}:%{LOGLEVEL:log.level}\]`,
    String.raw` \[pid %{POSINT:process.pid:long}${optional(':tid %{INT:process.thread.id:int}')}\]`,
    optional(String.raw` \(%{POSINT:apache.error.proxy.error.code}\)?%{DATA:apache.error.proxy.error.message}:`),
    optional(String.raw` \[client %{IPORHOST:source.address}${optional(':%{POSINT:source.port:int}')}\]`),
    optional(' %{DATA:error.code}:'),
    ' %{GREEDYDATA:message}',
  ].join(''),
  HTTPD_ERRORLOG: '%{HTTPD20_ERRORLOG}|%{HTTPD24_ERRORLOG}',
  COMMONAPACHELOG: '%{HTTPD_COMMONLOG}',
  COMBINEDAPACHELOG: '%{HTTPD_COMBINEDLOG}',
};

const haproxyStart = '(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp}) %{IPORHOST:host.name} %{SYSLOGPROG}: ';

const haproxyEnds = [
  String.raw`%{IP:source.address}:%{INT:source.port:int} \[%{HAPROXYDATE:haproxy.request_date}\] `,
  '%{NOTSPACE:haproxy.frontend_name} ',
  `%{NOTSPACE:haproxy.backend_name}/${oneOf('<NOSRV>', '%{NOTSPACE:haproxy.server_name}')} `,
].join('');

/** Milliseconds, or -1 for what never came to pass. */
const haproxyWait = (field: string): string => oneOf('-1', `%{INT:haproxy.${field}:int}`);

const haproxyCounts = [
  columns(
    '/',
    'INT:haproxy.connections.active:int',
    'INT:haproxy.connections.frontend:int',
    'INT:haproxy.connections.backend:int',
    'INT:haproxy.connections.server:int',
    'INT:haproxy.connections.retries:int',
  ),
  columns('/', 'INT:haproxy.server_queue:int', 'INT:haproxy.backend_queue:int'),
].join(' ');

/** HAProxy's `httplog` and `tcplog`. */
export const haproxy: Patterns = {
  HAPROXYTIME: String.raw`\b%{HOUR}:%{MINUTE}(?::%{SECOND})?\b`,
  HAPROXYDATE: '%{MONTHDAY}/%{MONTH}/%{YEAR}:%{HAPROXYTIME}.%{INT}',
  HAPROXYCAPTUREDREQUESTHEADERS: orDash('DATA:haproxy.http.request.captured_headers'),
  HAPROXYCAPTUREDRESPONSEHEADERS: orDash('DATA:haproxy.http.response.captured_headers'),
  HAPROXYURI: [
    optional('%{URIPROTO:url.scheme}://'),
    optional('%{USER:url.username}', optional(':[^@]*'), '@'),
    optional('%{IPORHOST:url.domain}', optional(':%{POSINT:url.port:int}')),
    optional('%{URIPATH:url.path}', optional(String.raw`\?%{URIQUERY:url.query}`)),
  ].join(''),
  HAPROXYHTTPREQUESTLINE: oneOf('<BADREQ>', `%{WORD:http.request.method} %{HAPROXYURI:url.original}${httpVersion}`),
  HAPROXYHTTPBASE: [
    haproxyEnds,
    [
      haproxyWait('http.request.time_wait_ms'),
      haproxyWait('total_waiting_time_ms'),
      haproxyWait('connection_wait_time_ms'),
      haproxyWait('http.request.time_wait_without_data_ms'),
      '%{NOTSPACE:haproxy.total_time_ms}',
    ].join('/'),
    ' ',
    columns(
      ' ',
      'INT:http.response.status_code:int',
      'INT:source.bytes:long',
      '?DATA:haproxy.http.request.captured_cookie',
      '?DATA:haproxy.http.response.captured_cookie',
      'NOTSPACE:haproxy.termination_state',
    ),
    ` ${haproxyCounts}`,
    optional(String.raw` \{%{HAPROXYCAPTUREDREQUESTHEADERS}\}`, optional(String.raw` \{%{HAPROXYCAPTUREDRESPONSEHEADERS}\}`)),
    // A long line is cut off, with it the quote.
    optional(' "%{HAPROXYHTTPREQUESTLINE}"?'),
  ].join(''),
  HAPROXYHTTP: `${haproxyStart}%{HAPROXYHTTPBASE}`,
  HAPROXYTCP: [
    haproxyStart + haproxyEnds,
    [haproxyWait('total_waiting_time_ms'), haproxyWait('connection_wait_time_ms'), '%{NOTSPACE:haproxy.total_time_ms}'].join('/'),
    ` %{INT:source.bytes:long} %{NOTSPACE:haproxy.termination_state} ${haproxyCounts}`,
  ].join(''),
};

/** Squid's native access log. */
export const squid: Patterns = {
  SQUID3_STATUS: oneOf('%{POSINT:http.response.status_code:int}', '0', '000'),
  SQUID3: [
    String.raw`%{NUMBER:timestamp}\s+%{NUMBER:squid.request.duration:int}`,
    '%{IP:source.address}',
    '%{WORD:event.action}/%{SQUID3_STATUS}',
    columns(String.raw`\s`, 'INT:http.response.bytes:long', 'WORD:http.request.method', 'NOTSPACE:url.original', '?NOTSPACE:user.name'),
    `%{WORD:squid.hierarchy_code}/${orDash('IPORHOST:destination.address')}`,
    orDash('NOTSPACE:http.response.mime_type'),
  ].join(String.raw`\s`),
};
