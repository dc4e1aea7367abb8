// Command tid looks into an account of Visma Tid, exports from it, writes to it, holds the API against its description, and
// runs a fake of it. "tid --help" tells what it can do.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/vismatid/tid/cmd/tid/internal/cli"
)

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop) // the second signal ends the process at once
	code := cli.Run(ctx, os.Args[1:], cli.System())
	stop()
	os.Exit(code)
}
