package host

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
)

// adopt has libraries that write to stderr by themselves write our lines. They
// know one logger for the whole program; the last process of a program that runs
// several gets them all.
func adopt(log *slog.Logger) {
	redis.SetLogger(redisLog{log})
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("host.telemetry", "error", err) }))
}

// redisLog is go-redis' logger.
type redisLog struct{ log *slog.Logger }

// Printf writes a line: the library logs what fails.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.WarnContext(ctx, "host.redis", "error", fmt.Sprintf(format, v...))
}
