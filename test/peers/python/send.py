"""Sends a known set of telemetry with the Python SDK: `send.py PROTOCOL SEED ENDPOINT...`, PROTOCOL being grpc or http/protobuf.

Every endpoint (http://host:port) gets every export. Prints how many spans, log records and data points it made.
"""

import json
import sys

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

protocol, seed, endpoints = sys.argv[1], int(sys.argv[2]), sys.argv[3:]

if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    def make(exporter, endpoint, signal):
        return exporter(endpoint=endpoint, insecure=True)
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    def make(exporter, endpoint, signal):
        return exporter(endpoint=f"{endpoint}/v1/{signal}")


failed = False


class Everywhere:
    """One exporter that hands everything to several."""

    def __init__(self, exporter, signal, success, failure):
        self.exporters = [make(exporter, endpoint, signal) for endpoint in endpoints]
        self.success, self.failure = success, failure
        self._preferred_temporality = self._preferred_aggregation = None

    def export(self, items, *_, **__):
        global failed
        if all([exporter.export(items) == self.success for exporter in self.exporters]):
            return self.success
        failed = True
        return self.failure

    def force_flush(self, timeout_millis=0):
        return True

    def shutdown(self, *_, **__):
        for exporter in self.exporters:
            exporter.shutdown()


class Spans(Everywhere, SpanExporter):
    pass


class Metrics(Everywhere, MetricExporter):
    pass


class Logs(Everywhere, LogRecordExporter):
    pass


resource = Resource({"service.name": "python", "service.seed": seed, "process.command_args": ["a", "b"]})
attributes = {
    "text": "grüße, 世界 🌍",
    "empty": "",
    "yes": True,
    "no": False,
    "largest": 2**63 - 1,
    "smallest": -(2**63),
    "zero": 0,
    "fraction": 0.1,
    "huge": sys.float_info.max,
    "infinite": float("-inf"),
    "bytes": bytes([0, 1, 127, 128, 255]),
    "texts": ["a", "", "ü"],
    "integers": [1, 2**63 - 1, -(2**63)],
    "numbers": [1.0, 2.5, -3.0],
    "flags": [True, False],
    "nothing": [],
}
deep = {"map": {"deep": [1, {"deeper": "x"}]}, "other": False}

tracers = TracerProvider(resource=resource)
tracers.add_span_processor(BatchSpanProcessor(Spans(OTLPSpanExporter, "traces", SpanExportResult.SUCCESS, SpanExportResult.FAILURE)))
tracer = tracers.get_tracer("spans", "1.2.3", "https://opentelemetry.io/schemas/1.37.0")
start = 1_790_000_000_123_456_789 + seed
parent = tracer.start_span("parent", kind=SpanKind.SERVER, start_time=start, attributes=attributes)
in_parent = trace.set_span_in_context(parent)
remote = SpanContext(255, 1, True, TraceFlags(0), TraceState([("vendor", "value"), ("other", "1")]))
spans = 1
for kind in SpanKind:
    span = tracer.start_span(
        f"child {kind.name}",
        in_parent,
        kind,
        start_time=start,
        links=[Link(parent.get_span_context(), attributes), Link(remote)],
    )
    span.add_event("event", attributes, start + 1)
    span.add_event("bare")
    span.set_status(Status(StatusCode.ERROR, "failed") if kind.value % 2 else Status(StatusCode.OK))
    span.record_exception(ValueError("out of range"))
    span.end(start + 1_000_000_000)
    spans += 1
parent.end()

meters = MeterProvider(
    [
        PeriodicExportingMetricReader(
            Metrics(OTLPMetricExporter, "metrics", MetricExportResult.SUCCESS, MetricExportResult.FAILURE),
            export_interval_millis=3_600_000,
        )
    ],
    resource,
    views=[View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())],
)
meter = meters.get_meter("points", "0.0.1")
counter = meter.create_counter("counter", "{thing}", "Counts things.")
counter.add(1, {"a": "x"})
counter.add(2**62, attributes, in_parent)
doubles = meter.create_counter("doubles", "s")
doubles.add(0.25)
up_down = meter.create_up_down_counter("up_down")
up_down.add(-(2**63))
gauge = meter.create_gauge("gauge")
gauge.set(-0.5)
histogram = meter.create_histogram("histogram", "ms", explicit_bucket_boundaries_advisory=[1.0, 10.0, 100.0])
exponential = meter.create_histogram("exponential")
for value in [0, 0.5, 5, 50, 500]:
    histogram.record(value, {"route": "/ü"}, in_parent)
    exponential.record(value)
points = 7

loggers = LoggerProvider(resource)
loggers.add_log_record_processor(BatchLogRecordProcessor(Logs(OTLPLogExporter, "logs", LogRecordExportResult.SUCCESS, LogRecordExportResult.FAILURE)))
logger = loggers.get_logger("records", "9.9.9")
severities = [severity for severity in SeverityNumber if severity.value > 0]
records = 0
for body in [*attributes.values(), deep]:
    logger.emit(
        LogRecord(
            timestamp=start,
            observed_timestamp=start + 1,
            context=in_parent if records % 2 else None,
            severity_number=severities[records % len(severities)],
            severity_text="LEVEL",
            body=body,
            attributes={**attributes, **deep},
            event_name="happened",
        )
    )
    records += 1

tracers.shutdown()
meters.shutdown()
loggers.shutdown()
print(json.dumps({"traces": spans, "metrics": points, "logs": records}))
sys.exit(1 if failed else 0)
