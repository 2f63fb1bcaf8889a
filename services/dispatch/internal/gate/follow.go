package gate

import (
	"context"
	"log/slog"
	"time"
)

// Ledger is where replicas share circuits and count each other.
type Ledger interface {
	ShareCircuit(context.Context, Shared) (version int64, err error)
	Circuits(context.Context) ([]Shared, error)
	Alive(ctx context.Context, id string) (senders int, err error)
	Gone(ctx context.Context, id string) error
}

// ledgerTimeout bounds one exchange with the ledger.
const ledgerTimeout = 5 * time.Second

// Follow shares what moves, and learns what others share, until ctx is done.
// id names this replica. While the ledger is away everybody goes by what he
// knows.
func (g *Gate) Follow(ctx context.Context, ledger Ledger, id string, every time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	away := false
	for {
		err := g.exchange(ctx, ledger, id)
		if err != nil && !away && ctx.Err() == nil {
			log.WarnContext(ctx, "gate.exchange", "error", err)
		}
		away = err != nil
		select {
		case <-ctx.Done():
			g.signOff(ctx, ledger, id, log)
			return
		case <-ticker.C:
		}
	}
}

func (g *Gate) exchange(ctx context.Context, ledger Ledger, id string) error {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	if err := g.publish(ctx, ledger); err != nil {
		return err
	}
	senders, err := ledger.Alive(ctx, id)
	if err != nil {
		return err
	}
	all, err := ledger.Circuits(ctx)
	if err != nil {
		return err
	}
	g.Learn(all, senders, time.Now())
	return nil
}

func (g *Gate) publish(ctx context.Context, ledger Ledger) error {
	news := g.News(time.Now())
	for i, s := range news {
		version, err := ledger.ShareCircuit(ctx, s)
		if err != nil {
			g.Keep(news[i:])
			return err
		}
		g.Published(s.Target, version)
	}
	return nil
}

// signOff leaves the others our part of the limits at once, and what moved
// last.
func (g *Gate) signOff(ctx context.Context, ledger Ledger, id string, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerTimeout)
	defer cancel()
	if err := g.publish(ctx, ledger); err != nil {
		log.WarnContext(ctx, "gate.sign_off", "error", err)
		return
	}
	if err := ledger.Gone(ctx, id); err != nil {
		log.WarnContext(ctx, "gate.sign_off", "error", err)
	}
}
