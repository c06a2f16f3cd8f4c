import { columns, optional, orDash } from './format.ts';
import type { Patterns } from './format.ts';

/** Lines of syslog, as BSD wrote them (RFC 3164) and by RFC 5424. */
export const syslog: Patterns = {
  // Printable, without spaces and brackets: the number of the process follows in brackets.
  PROG: String.raw`[!-Z^-~\\]+`,
  SYSLOGPROG: `%{PROG}${optional(String.raw`\[\d+\]`)}`,
  SYSLOGHOST: '%{IPORHOST}',
  // Facility and priority, whatever stands between them.
  SYSLOGFACILITY: '<%{NONNEGINT}.%{NONNEGINT}>',
  SYSLOGBASE: `%{SYSLOGTIMESTAMP:timestamp} ${optional('%{SYSLOGFACILITY} ')}%{SYSLOGHOST:host.name} %{SYSLOGPROG}:`,
  SYSLOGBASE2: [
    '(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp})',
    optional(' %{SYSLOGFACILITY}'),
    optional(' %{SYSLOGHOST:host.name}'),
    optional(' %{SYSLOGPROG}:'),
  ].join(''),
  SYSLOGLINE: '%{SYSLOGBASE2} %{GREEDYDATA:message}',
  SYSLOGPAMSESSION: [
    '%{SYSLOGBASE} %{GREEDYDATA:message}',
    String.raw`%{WORD:system.auth.pam.module}\(%{DATA:system.auth.pam.origin}\): `,
    'session %{WORD:system.auth.pam.session_state} for user %{USERNAME:user.name}',
    optional(' by %{GREEDYDATA}'),
  ].join(''),

  CRON_ACTION: '[ A-Z]+',
  CRONLOG: String.raw`%{SYSLOGBASE} \(%{USER:user.name}\) %{CRON_ACTION:system.cron.action} \(%{DATA:message}\)`,

  SYSLOG5424PRINTASCII: '[!-~]+',
  SYSLOG5424PRI: '<%{NONNEGINT:log.syslog.priority:int}>',
  SYSLOG5424SD: String.raw`\[%{DATA}\]+`,
  SYSLOG5424BASE: [
    '%{SYSLOG5424PRI}%{NONNEGINT:system.syslog.version}',
    columns(
      ' +',
      '?TIMESTAMP_ISO8601:timestamp',
      '?IPORHOST:host.name',
      '?SYSLOG5424PRINTASCII:process.command',
      '?POSINT:process.pid:int',
      '?SYSLOG5424PRINTASCII:event.code',
    ),
    `${orDash('SYSLOG5424SD:system.syslog.structured_data')}?`,
  ].join(' +'),
  SYSLOG5424LINE: '%{SYSLOG5424BASE} +%{GREEDYDATA:message}',
};
