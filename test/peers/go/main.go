// Sends a known set of telemetry with the Go SDK: `send PROTOCOL SEED ENDPOINT...`, PROTOCOL being grpc or http/protobuf. Every endpoint
// (http://host:port) gets every export. Prints how many spans, log records and data points it made.
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type spanExporters []sdktrace.SpanExporter

func (all spanExporters) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	var failed error
	for _, exporter := range all {
		failed = errors.Join(failed, exporter.ExportSpans(ctx, spans))
	}
	return failed
}

func (all spanExporters) Shutdown(ctx context.Context) error {
	var failed error
	for _, exporter := range all {
		failed = errors.Join(failed, exporter.Shutdown(ctx))
	}
	return failed
}

type metricExporters []sdkmetric.Exporter

func (all metricExporters) Temporality(kind sdkmetric.InstrumentKind) metricdata.Temporality {
	return all[0].Temporality(kind)
}

func (all metricExporters) Aggregation(kind sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return all[0].Aggregation(kind)
}

func (all metricExporters) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	var failed error
	for _, exporter := range all {
		failed = errors.Join(failed, exporter.Export(ctx, metrics))
	}
	return failed
}

func (all metricExporters) ForceFlush(ctx context.Context) error {
	var failed error
	for _, exporter := range all {
		failed = errors.Join(failed, exporter.ForceFlush(ctx))
	}
	return failed
}

func (all metricExporters) Shutdown(ctx context.Context) error {
	var failed error
	for _, exporter := range all {
		failed = errors.Join(failed, exporter.Shutdown(ctx))
	}
	return failed
}

type logExporters []sdklog.Exporter

func (all logExporters) Export(ctx context.Context, records []sdklog.Record) error {
	var failed error
	for _, exporter := range all {
		failed = errors.Join(failed, exporter.Export(ctx, records))
	}
	return failed
}

func (all logExporters) ForceFlush(ctx context.Context) error {
	var failed error
	for _, exporter := range all {
		failed = errors.Join(failed, exporter.ForceFlush(ctx))
	}
	return failed
}

func (all logExporters) Shutdown(ctx context.Context) error {
	var failed error
	for _, exporter := range all {
		failed = errors.Join(failed, exporter.Shutdown(ctx))
	}
	return failed
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	seed := must(strconv.ParseInt(os.Args[2], 10, 64))
	var toSpans spanExporters
	var toMetrics metricExporters
	var toLogs logExporters
	for _, endpoint := range os.Args[3:] {
		if os.Args[1] == "grpc" {
			toSpans = append(toSpans, must(otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(endpoint), otlptracegrpc.WithCompressor("gzip"))))
			toMetrics = append(toMetrics, must(otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(endpoint))))
			toLogs = append(toLogs, must(otlploggrpc.New(ctx, otlploggrpc.WithEndpointURL(endpoint))))
		} else {
			toSpans = append(toSpans, must(otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"), otlptracehttp.WithCompression(otlptracehttp.GzipCompression))))
			toMetrics = append(toMetrics, must(otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint+"/v1/metrics"))))
			toLogs = append(toLogs, must(otlploghttp.New(ctx, otlploghttp.WithEndpointURL(endpoint+"/v1/logs"))))
		}
	}
	from := resource.NewSchemaless(attribute.String("service.name", "go"), attribute.Int64("service.seed", seed))

	tracers := sdktrace.NewTracerProvider(sdktrace.WithResource(from), sdktrace.WithBatcher(toSpans))
	spans := sendSpans(ctx, tracers, seed)
	meters := sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(from),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(toMetrics, sdkmetric.WithInterval(time.Hour))),
		sdkmetric.WithView(sdkmetric.NewView(sdkmetric.Instrument{Name: "exponential"}, sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 20, MaxScale: 10}})),
	)
	points := sendPoints(ctx, tracers, meters)
	loggers := sdklog.NewLoggerProvider(sdklog.WithResource(from), sdklog.WithProcessor(sdklog.NewBatchProcessor(toLogs)))
	records := sendRecords(ctx, tracers, loggers, seed)

	check(tracers.Shutdown(ctx))
	check(meters.Shutdown(ctx))
	check(loggers.Shutdown(ctx))
	// Two more spans were open while points and records were made.
	fmt.Printf("{\"traces\":%d,\"metrics\":%d,\"logs\":%d}\n", spans+2, points, records)
}

var attributes = []attribute.KeyValue{
	attribute.String("text", "grüße, 世界 🌍"),
	attribute.String("empty", ""),
	attribute.Bool("yes", true),
	attribute.Bool("no", false),
	attribute.Int64("largest", math.MaxInt64),
	attribute.Int64("smallest", math.MinInt64),
	attribute.Int64("zero", 0),
	attribute.Float64("fraction", 0.1),
	attribute.Float64("huge", math.MaxFloat64),
	attribute.Float64("tiny", math.SmallestNonzeroFloat64),
	attribute.Float64("infinite", math.Inf(-1)),
	attribute.StringSlice("texts", []string{"a", "", "ü"}),
	attribute.Int64Slice("integers", []int64{1, math.MaxInt64, math.MinInt64}),
	attribute.Float64Slice("numbers", []float64{1, 2.5, -3}),
	attribute.BoolSlice("flags", []bool{true, false}),
	attribute.StringSlice("nothing", nil),
	attribute.ByteSlice("bytes", []byte{0, 1, 127, 128, 255}),
	attribute.Map("map", attribute.Slice("deep", attribute.Int64Value(1), attribute.MapValue(attribute.String("deeper", "x"))), attribute.Bool("other", false)),
}

func sendSpans(ctx context.Context, provider trace.TracerProvider, seed int64) int {
	tracer := provider.Tracer("spans", trace.WithInstrumentationVersion("1.2.3"), trace.WithSchemaURL("https://opentelemetry.io/schemas/1.37.0"), trace.WithInstrumentationAttributes(attribute.Bool("scoped", true)))
	start := time.Unix(1_790_000_000, 123_456_789+seed)
	ctx, parent := tracer.Start(ctx, "parent", trace.WithTimestamp(start), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
	state := must(trace.ParseTraceState("vendor=value,other=1"))
	remote := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{15: 255}, SpanID: trace.SpanID{7: 1}, TraceState: state, Remote: true})
	made := 1
	for _, kind := range []trace.SpanKind{trace.SpanKindInternal, trace.SpanKindServer, trace.SpanKindClient, trace.SpanKindProducer, trace.SpanKindConsumer} {
		_, span := tracer.Start(ctx, fmt.Sprintf("child %d", kind), trace.WithTimestamp(start), trace.WithSpanKind(kind),
			trace.WithLinks(trace.Link{SpanContext: parent.SpanContext(), Attributes: attributes}, trace.Link{SpanContext: remote}))
		span.AddEvent("event", trace.WithTimestamp(start.Add(time.Nanosecond)), trace.WithAttributes(attributes...))
		span.AddEvent("bare")
		if kind%2 == 0 {
			span.SetStatus(codes.Ok, "")
		} else {
			span.SetStatus(codes.Error, "failed")
		}
		span.RecordError(errors.New("out of range"))
		span.End(trace.WithTimestamp(start.Add(time.Second)))
		made++
	}
	parent.End()
	_, last := tracer.Start(trace.ContextWithRemoteSpanContext(context.Background(), remote.WithTraceFlags(trace.FlagsSampled)), "with state")
	last.End()
	return made + 1
}

func sendPoints(ctx context.Context, tracers trace.TracerProvider, provider metric.MeterProvider) int {
	meter := provider.Meter("points", metric.WithInstrumentationVersion("0.0.1"))
	// Within a sampled span, so that exemplars are kept.
	ctx, span := tracers.Tracer("exemplars").Start(ctx, "measured")
	defer span.End()
	counter := must(meter.Int64Counter("counter", metric.WithUnit("{thing}"), metric.WithDescription("Counts things.")))
	counter.Add(ctx, 1, metric.WithAttributes(attribute.String("a", "x")))
	counter.Add(ctx, math.MaxInt64, metric.WithAttributes(attributes...))
	doubles := must(meter.Float64Counter("doubles", metric.WithUnit("s")))
	doubles.Add(ctx, 0.25)
	upDown := must(meter.Int64UpDownCounter("up_down"))
	upDown.Add(ctx, math.MinInt64)
	gauge := must(meter.Float64Gauge("gauge"))
	gauge.Record(ctx, -0.5)
	histogram := must(meter.Float64Histogram("histogram", metric.WithUnit("ms"), metric.WithExplicitBucketBoundaries(1, 10, 100)))
	exponential := must(meter.Float64Histogram("exponential"))
	for _, value := range []float64{0, 0.5, 5, 50, 500} {
		histogram.Record(ctx, value, metric.WithAttributes(attribute.String("route", "/ü")))
		exponential.Record(ctx, value)
	}
	must(meter.Int64ObservableGauge("observed", metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
		observer.Observe(7)
		return nil
	})))
	return 8
}

func sendRecords(ctx context.Context, tracers trace.TracerProvider, provider log.LoggerProvider, seed int64) int {
	logger := provider.Logger("records", log.WithInstrumentationVersion("9.9.9"))
	inSpan, span := tracers.Tracer("records").Start(ctx, "logging")
	defer span.End()
	deep := attribute.MapValue(attribute.Slice("deep", attribute.Int64Value(1), attribute.MapValue(attribute.String("deeper", "x"))), attribute.Bool("other", false))
	bodies := []attribute.Value{
		attribute.StringValue("grüße, 世界 🌍"), attribute.StringValue(""), attribute.BoolValue(true), attribute.Int64Value(math.MaxInt64), attribute.Int64Value(math.MinInt64),
		attribute.Float64Value(0.1), attribute.Float64Value(math.MaxFloat64), attribute.ByteSliceValue([]byte{0, 1, 127, 128, 255}), attribute.SliceValue(attribute.Int64Value(1), deep), deep, {},
	}
	for index, body := range bodies {
		var record log.Record
		record.SetBody(body)
		record.SetTimestamp(time.Unix(1_790_000_000, seed))
		record.SetObservedTimestamp(time.Unix(1_790_000_001, 999_999_999))
		record.SetSeverity(log.Severity(index%24 + 1))
		record.SetSeverityText("LEVEL")
		record.SetEventName("happened")
		record.AddAttributes(attribute.KeyValue{Key: "deep", Value: deep}, attribute.KeyValue{Key: "bytes", Value: attribute.ByteSliceValue([]byte{255})}, attribute.Int64("largest", math.MaxInt64))
		if index%2 == 0 {
			logger.Emit(inSpan, record)
		} else {
			logger.Emit(ctx, record)
		}
	}
	logger.Emit(ctx, log.Record{})
	return len(bodies) + 1
}
