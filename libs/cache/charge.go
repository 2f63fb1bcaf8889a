package cache

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/actionplane/actionplane/libs/fault"
)

// charge adds to the moment at which a debt is paid off, which lies in the
// future as long as there is one, and answers with the debt. Redis' clock
// counts, so that those of the replicas need not agree. Where it was set back, a
// debt is greater than any may be, and begins anew. Microseconds since 1970 fit
// into Lua's numbers until the year 2255.
const charge = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
if paid - now > tonumber(ARGV[2]) then paid = now end
paid = paid + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', paid), 'PX', string.format('%.0f', math.ceil((paid - now) / 1000) + 1))
return string.format('%.0f', paid - now)`

// Charge is an amount of time that is added to a debt.
type Charge struct {
	Key    string
	Amount time.Duration
	// Most is what a debt may be beforehand. A greater one is none: the clock by
	// which it is paid off was set back.
	Most time.Duration
}

// Charge adds to debts that are paid off by the passing of time, and returns
// what each is now, in the order of charges. Replicas keep a common rate with
// it: an event costs the time that one may take. One round trip serves all.
func (r *Redis) Charge(ctx context.Context, charges []Charge) ([]time.Duration, error) {
	debts := make([]time.Duration, len(charges))
	if len(charges) == 0 {
		return debts, nil
	}
	err := r.do(ctx, "EVAL", func() error {
		answers, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, c := range charges {
				p.Eval(ctx, charge, []string{r.prefix + c.Key}, c.Amount.Microseconds(), c.Most.Microseconds())
			}
			return nil
		})
		if err != nil {
			return err
		}
		return readDebts(answers, debts)
	})
	return debts, err
}

func readDebts(answers []redis.Cmder, debts []time.Duration) error {
	for i, a := range answers {
		text, err := a.(*redis.Cmd).Text()
		if err != nil {
			return err
		}
		micros, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fault.Internal("cache answered %q", text).Because(fmt.Errorf("read debt: %w", err))
		}
		debts[i] = time.Duration(micros) * time.Microsecond
	}
	return nil
}
