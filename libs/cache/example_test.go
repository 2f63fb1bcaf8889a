package cache_test

import (
	"context"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/cache/cacheserver"
)

// A cache is asked first and filled afterwards; whatever it says about itself,
// the caller goes on.
func Example() {
	server, err := cacheserver.Start() // or any Redis
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	ctx := context.Background()
	chains, err := cache.Open(ctx, server.URL(), cache.WithPrefix("executions"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = chains.Close() }()

	for range 2 {
		chain, found, err := chains.Get(ctx, "user.created")
		if !found || err != nil {
			chain = []byte("from Postgres")
			_ = chains.Set(ctx, "user.created", chain, time.Minute)
		}
		fmt.Printf("%s, found %t\n", chain, found)
	}
	// Output:
	// from Postgres, found false
	// from Postgres, found true
}

func ExampleLocal_GetOrLoad() {
	chains := cache.NewLocal[string, string](1000, time.Minute)
	defer chains.Close()

	load := func(_ context.Context, condition string) (string, error) {
		fmt.Println("loading", condition)
		return "chain of " + condition, nil
	}
	for range 2 {
		chain, err := chains.GetOrLoad(context.Background(), "user.created", load)
		fmt.Println(chain, err)
	}
	// Output:
	// loading user.created
	// chain of user.created <nil>
	// chain of user.created <nil>
}
