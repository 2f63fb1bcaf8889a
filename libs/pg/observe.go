package pg

import (
	"fmt"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// pool tells the pools of one process apart: the schema is the service's.
func (c Config) pool() attribute.KeyValue { return attribute.String("pool", c.Schema) }

// poolName is what the library would fill with the server's address.
func (c Config) poolName() attribute.KeyValue {
	return attribute.String("db.client.connection.pool.name", c.Schema)
}

// tracer tells of every statement. Its text is ours and holds no values; span
// names stay short and few.
func (c Config) tracer() pgx.QueryTracer {
	if c.Traces == nil {
		c.Traces = tracenoop.NewTracerProvider()
	}
	if c.Metrics == nil {
		c.Metrics = metricnoop.NewMeterProvider()
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(c.Traces), otelpgx.WithMeterProvider(c.Metrics), otelpgx.WithMeterAttributes(c.pool()))
}

// observe tells how the pool is used.
func (c Config) observe(pool *pgxpool.Pool) error {
	if c.Metrics == nil {
		return nil
	}
	err := otelpgx.RecordStats(pool, otelpgx.WithStatsMeterProvider(c.Metrics), otelpgx.WithStatsAttributes(c.pool(), c.poolName()))
	if err != nil {
		return fmt.Errorf("observe postgres pool: %w", err)
	}
	return nil
}
