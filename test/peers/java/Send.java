// Sends a known set of telemetry with the Java SDK: `Send PROTOCOL SEED ENDPOINT...`, PROTOCOL being grpc or http/protobuf. Every endpoint
// (http://host:port) gets every export. Prints how many spans, log records and data points it made.
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.logs.export.SimpleLogRecordProcessor;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;

public class Send {
  private static final int SPANS = 40;
  private static final int LOGS = 30;

  /** Sends to every endpoint; fails when one of them does. */
  private record Composite(List<MetricExporter> all) implements MetricExporter {
    public AggregationTemporality getAggregationTemporality(InstrumentType type) {
      return all.get(0).getAggregationTemporality(type);
    }

    public CompletableResultCode export(Collection<MetricData> metrics) {
      return CompletableResultCode.ofAll(all.stream().map(one -> one.export(metrics)).toList());
    }

    public CompletableResultCode flush() {
      return CompletableResultCode.ofAll(all.stream().map(MetricExporter::flush).toList());
    }

    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofAll(all.stream().map(MetricExporter::shutdown).toList());
    }
  }

  private static void require(CompletableResultCode result, String what) {
    if (!result.join(20, TimeUnit.SECONDS).isSuccess()) {
      System.err.println(what + " were not delivered");
      System.exit(1);
    }
  }

  public static void main(String[] args) {
    boolean grpc = args[0].equals("grpc");
    long seed = Long.parseLong(args[1]);
    List<SpanExporter> spanExporters = new ArrayList<>();
    List<MetricExporter> metricExporters = new ArrayList<>();
    List<LogRecordExporter> logExporters = new ArrayList<>();
    for (int i = 2; i < args.length; i++) {
      String url = args[i];
      if (grpc) {
        spanExporters.add(OtlpGrpcSpanExporter.builder().setEndpoint(url).setCompression("gzip").build());
        metricExporters.add(OtlpGrpcMetricExporter.builder().setEndpoint(url).build());
        logExporters.add(OtlpGrpcLogRecordExporter.builder().setEndpoint(url).build());
      } else {
        spanExporters.add(OtlpHttpSpanExporter.builder().setEndpoint(url + "/v1/traces").setCompression("gzip").build());
        metricExporters.add(OtlpHttpMetricExporter.builder().setEndpoint(url + "/v1/metrics").build());
        logExporters.add(OtlpHttpLogRecordExporter.builder().setEndpoint(url + "/v1/logs").build());
      }
    }
    Resource resource =
        Resource.getDefault()
            .merge(Resource.create(Attributes.builder().put("service.name", "java-sdk").put("seed", seed).put("ports", 1L, 2L, 3L).build()));

    SdkTracerProvider traces =
        SdkTracerProvider.builder()
            .setResource(resource)
            .addSpanProcessor(BatchSpanProcessor.builder(SpanExporter.composite(spanExporters)).build())
            .build();
    Tracer tracer = traces.tracerBuilder("peer").setInstrumentationVersion("1.2.3").setSchemaUrl("https://opentelemetry.io/schemas/1.27.0").build();
    Span root = tracer.spanBuilder("root").setSpanKind(SpanKind.SERVER).startSpan();
    for (int i = 1; i < SPANS; i++) {
      Span span =
          tracer
              .spanBuilder("span " + i)
              .setParent(Context.root().with(root))
              .setSpanKind(SpanKind.values()[i % SpanKind.values().length])
              .addLink(root.getSpanContext(), Attributes.builder().put("reason", "caused by").build())
              .setAttribute("text", "größe ✓ " + i)
              .setAttribute("count", seed * i)
              .setAttribute("ratio", i / 3.0)
              .setAttribute("even", i % 2 == 0)
              .setAttribute(AttributeKey.stringArrayKey("list"), List.of("a", "", "c"))
              .setAttribute(AttributeKey.doubleArrayKey("doubles"), List.of(0.5, -0.0, 1e300))
              .startSpan();
      span.addEvent("event", Attributes.builder().put("n", i).build());
      if (i % 5 == 0) span.recordException(new IllegalStateException("boom " + i));
      if (i % 5 == 0) span.setStatus(StatusCode.ERROR, "failed");
      else if (i % 3 == 0) span.setStatus(StatusCode.OK);
      span.end();
    }
    root.end();
    require(traces.forceFlush(), "spans");

    Composite composite = new Composite(metricExporters);
    SdkMeterProvider metrics =
        SdkMeterProvider.builder()
            .setResource(resource)
            .registerView(
                InstrumentSelector.builder().setName("exponential").build(),
                View.builder().setAggregation(Aggregation.base2ExponentialBucketHistogram()).build())
            .registerMetricReader(PeriodicMetricReader.builder(composite).setInterval(Duration.ofHours(1)).build())
            .build();
    var meter = metrics.meterBuilder("peer").setInstrumentationVersion("1.2.3").build();
    Attributes red = Attributes.builder().put("colour", "red").build();
    Attributes blue = Attributes.builder().put("colour", "blue").build();
    var counter = meter.counterBuilder("requests").setUnit("{request}").setDescription("Requests.").build();
    counter.add(seed, red);
    counter.add(2, blue);
    meter.upDownCounterBuilder("queue").ofDoubles().build().add(-1.5, red);
    meter.gaugeBuilder("temperature").setUnit("Cel").build().set(21.25, blue);
    var explicit = meter.histogramBuilder("latency").setUnit("s").build();
    var exponential = meter.histogramBuilder("exponential").build();
    for (int i = 1; i <= 100; i++) {
      explicit.record(i * 0.01, red);
      exponential.record(Math.pow(1.1, i), red);
    }
    require(metrics.forceFlush(), "metrics");

    SdkLoggerProvider logs =
        SdkLoggerProvider.builder()
            .setResource(resource)
            .addLogRecordProcessor(SimpleLogRecordProcessor.create(LogRecordExporter.composite(logExporters)))
            .build();
    var logger = logs.loggerBuilder("peer").build();
    for (int i = 0; i < LOGS; i++) {
      logger
          .logRecordBuilder()
          .setContext(Context.root().with(root))
          .setSeverity(Severity.values()[1 + i % (Severity.values().length - 1)])
          .setSeverityText("level " + i)
          .setBody("line " + i)
          .setAttribute(AttributeKey.longKey("n"), (long) i)
          .emit();
    }
    require(logs.forceFlush(), "log records");
    System.out.println("{\"traces\":" + SPANS + ",\"logs\":" + LOGS + ",\"metrics\":6}");
    System.exit(0);
  }
}
