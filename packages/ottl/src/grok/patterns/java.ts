import { oneOf, optional } from './format.ts';
import type { Patterns } from './format.ts';

const identifier = String.raw`[A-Za-z$_][\w$]*`;

/** Stack traces of Java, and the logs of Tomcat: since version 8, in version 7, and before. */
export const java: Patterns = {
  JAVACLASS: String.raw`(?:${identifier}\.)*${identifier}`,
  JAVAFILE: String.raw`[\w $.-]+`,
  // <init> and <clinit> are constructors, of objects and of classes.
  JAVAMETHOD: oneOf('<(?:cl)?init>', identifier),
  JAVASTACKTRACEPART: [
    String.raw`%{SPACE}at %{JAVACLASS:java.log.origin.class.name}\.%{JAVAMETHOD:log.origin.function}`,
    String.raw`\(%{JAVAFILE:log.origin.file.name}${optional(':%{INT:log.origin.file.line:int}')}\)`,
  ].join(''),
  JAVATHREAD: String.raw`[A-Z]{2}-Processor\d+`,
  JAVALOGMESSAGE: '.*',

  CATALINA7_DATESTAMP: '%{MONTH} %{MONTHDAY}, %{YEAR} %{HOUR}:%{MINUTE}:%{SECOND} [AP]M',
  CATALINA7_LOG: [
    '%{CATALINA7_DATESTAMP:timestamp} %{JAVACLASS:java.log.origin.class.name}',
    optional(' %{JAVAMETHOD:log.origin.function}'),
    String.raw`\s*${optional('%{LOGLEVEL:log.level}:')} %{JAVALOGMESSAGE:message}`,
  ].join(''),
  CATALINA8_DATESTAMP: '%{MONTHDAY}-%{MONTH}-%{YEAR} %{HOUR}:%{MINUTE}:%{SECOND}',
  CATALINA8_LOG: [
    String.raw`%{CATALINA8_DATESTAMP:timestamp} %{LOGLEVEL:log.level} \[%{DATA:java.log.origin.thread.name}\] `,
    String.raw`%{JAVACLASS:java.log.origin.class.name}\.${optional('%{JAVAMETHOD:log.origin.function}')} %{JAVALOGMESSAGE:message}`,
  ].join(''),
  CATALINA_DATESTAMP: '%{CATALINA8_DATESTAMP}|%{CATALINA7_DATESTAMP}',
  CATALINALOG: '%{CATALINA8_LOG}|%{CATALINA7_LOG}',

  TOMCAT7_LOG: '%{CATALINA7_LOG}',
  TOMCAT8_LOG: '%{CATALINA8_LOG}',
  TOMCATLEGACY_DATESTAMP: `%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND}${optional(' %{ISO8601_TIMEZONE}')}`,
  TOMCATLEGACY_LOG: String.raw`%{TOMCATLEGACY_DATESTAMP:timestamp} \| %{LOGLEVEL:log.level} \| %{JAVACLASS:java.log.origin.class.name} - %{JAVALOGMESSAGE:message}`,
  TOMCAT_DATESTAMP: '%{CATALINA8_DATESTAMP}|%{CATALINA7_DATESTAMP}|%{TOMCATLEGACY_DATESTAMP}',
  TOMCATLOG: '%{TOMCAT8_LOG}|%{TOMCAT7_LOG}|%{TOMCATLEGACY_LOG}',

  // A version of Maven: up to three numbers, the last may be any, and what kind of version it is.
  MAVEN_VERSION: String.raw`(?:\d+\.){0,2}(?:\*|\d+)(?:[.-](?:RELEASE|SNAPSHOT))?`,
};
