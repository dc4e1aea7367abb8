package mirror

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

var kills = flag.Int("kills", 4, "how many `processes` are killed while they write a mirror")

// TestMain is the process that is killed as well.
func TestMain(m *testing.M) {
	if database := os.Getenv("MIRROR_CHILD"); database != "" {
		if err := child(context.Background(), database); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func child(ctx context.Context, database string) error {
	client, err := tid.NewClient(tid.StaticToken(os.Getenv("MIRROR_CHILD_TOKEN")), tid.WithBaseURL(os.Getenv("MIRROR_CHILD_URL")), tid.WithLimiter(nil))
	if err != nil {
		return err
	}
	m, err := Open(ctx, database)
	if err != nil {
		return err
	}
	later, err := time.ParseDuration(os.Getenv("MIRROR_CHILD_LATER"))
	if err != nil {
		return err
	}
	_, err = m.Sync(ctx, client, Options{Account: "acme", Nested: true, Now: func() time.Time { return time.Now().Add(later) }})
	return err
}

// TestAfterProcessesWereKilledTheNextOneGoesOn kills processes with SIGKILL at any moment,
// while others change the account.
func TestAfterProcessesWereKilledTheNextOneGoesOn(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		database := emptyDatabase(t, d)
		rnd := rand.New(rand.NewPCG(1, 2))
		var left atomic.Int64
		reached := make(chan struct{}, 1)
		srv := tidtest.NewServer(t, tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 6)), tidtest.WithBeforeRequest(func(*tidtest.Server, tidtest.Request) {
			if left.Add(-1) == 0 {
				reached <- struct{}{}
			}
		}))
		a := &account{srv: srv, rnd: rnd}
		killed := 0
		for n := range *kills {
			for range 5 {
				a.change(srv)
			}
			srv.TaskComments.Of(pick(rnd, srv.Tasks.All()).ID).Put(tid.Comment{Text: "Klart"})
			left.Store(int64(5 + rnd.IntN(60)))
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "MIRROR_CHILD="+database, "MIRROR_CHILD_URL="+srv.URL, "MIRROR_CHILD_TOKEN="+srv.StaticToken,
				fmt.Sprintf("MIRROR_CHILD_LATER=%dm", 2*n)) // the lease of the one before has ended
			cmd.Stderr = os.Stderr
			require.NoError(t, cmd.Start())
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			select {
			case <-reached:
				if err := cmd.Process.Kill(); err == nil {
					killed++
				}
				<-done
			case err := <-done:
				require.NoError(t, err)
			}
		}
		assert.NotZero(t, killed)
		m := open(t, database)
		later := func() time.Time { return time.Now().Add(time.Duration(2**kills) * time.Minute) }
		for range 3 { // PostgreSQL takes a moment to see that a process is gone
			require.Eventually(t, func() bool {
				_, err := m.Sync(t.Context(), srv.Client(tid.WithLimiter(nil)), Options{Account: "acme", Nested: true, Whole: true, Now: later})
				return err == nil
			}, 10*time.Second, 100*time.Millisecond)
		}
		requireEqual(t, m, srv, "acme")
		requireNestedEqual(t, m, srv)
	})
}
