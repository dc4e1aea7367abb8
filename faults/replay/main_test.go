package replay

import (
	"flag"
	"io"
	"log"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http tells there what servers do
	schedules := "300"
	if n := os.Getenv("FAULTS_SCHEDULES"); n != "" {
		schedules = n
	}
	// Unless the command line says otherwise; the tests on sockets wait more than they work.
	_ = flag.Set("rapid.checks", schedules)
	_ = flag.Set("test.parallel", "32")
	os.Exit(m.Run())
}
