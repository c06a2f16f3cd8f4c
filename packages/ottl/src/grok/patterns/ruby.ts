import { field, oneOf, optional } from './format.ts';
import type { Patterns } from './format.ts';

const number = (name: string): string => `%{NUMBER:rails.request.duration.${name}:float}ms`;

/** Ruby's logger, Rails since version 3, and MCollective. */
export const ruby: Patterns = {
  RUBY_LOGLEVEL: 'DEBUG|INFO|WARN|ERROR|FATAL',
  RUBY_LOGGER: [
    String.raw`[DEFIW], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:process.pid:int}\] *`,
    '%{RUBY_LOGLEVEL:log.level} -- +%{DATA:process.command}: %{GREEDYDATA:message}',
  ].join(''),

  RUUID: String.raw`\S{32}`,
  RCONTROLLER: `${field('rails.controller.class', '[^#]+')}#${field('rails.controller.action', String.raw`\w+`)}`,
  RAILS3HEAD: [
    'Started %{WORD:http.request.method} "%{URIPATHPARAM:url.original}" for %{IPORHOST:source.address} at ',
    field('timestamp', '%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND} %{ISO8601_TIMEZONE}'),
  ].join(''),
  RPROCESSING: [
    String.raw`\W*Processing by %{RCONTROLLER} as ${field('rails.request.format', String.raw`\S+`)}`,
    optional(String.raw`\W*Parameters: \{%{DATA:rails.request.params}\}\W*`),
  ].join(''),
  RAILS3PROFILE: optional(
    oneOf(
      String.raw`\(Views: ${number('view')} \| ActiveRecord: ${number('active_record')}`,
      String.raw`\(ActiveRecord: ${number('active_record')}`,
    ),
  ),
  RAILS3FOOT: `Completed %{POSINT:http.response.status_code:int}%{DATA} in ${number('total')} %{RAILS3PROFILE}%{GREEDYDATA}`,
  RAILS3: [
    '%{RAILS3HEAD}',
    optional('%{RPROCESSING}'),
    field('rails.request.explain.original', String.raw`(?:%{DATA}\n)*`),
    optional('%{RAILS3FOOT}'),
  ].join(''),

  MCOLLECTIVE: String.raw`., \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:process.pid:int}\]%{SPACE}%{LOGLEVEL:log.level}`,
  MCOLLECTIVEAUDIT: '%{TIMESTAMP_ISO8601:timestamp}:',
};
