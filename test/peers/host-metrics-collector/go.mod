module github.com/open-telemetry/opentelemetry-collector-contrib/internal/gopsutilenv

go 1.25.0

require github.com/shirou/gopsutil/v4 v4.26.5
