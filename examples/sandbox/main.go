// Sandbox runs a fake Visma Tid with a made-up company in it, for programs in any
// language.
//
//	go run ./examples/sandbox -addr 127.0.0.1:8480
//
// It says how to reach it, and runs until it is interrupted. Nothing is kept.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/tidtest"
)

func main() { demo.Main(run) }

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8480", "the `address` to listen at, on this machine")
	users := flags.Int("users", 25, "how many `users` the company has")
	id := flags.String("id", "ap_sandbox", "the application `id`")
	secret := flags.String("secret", "sandbox", "the application `secret`")
	token := flags.String("token", "pk_sandbox.pa_sandbox", "a static `token`")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "Sandbox runs a fake Visma Tid with a made-up company in it, for programs in any language,\nuntil it is interrupted, and says which VISMATID_ variables lead to it. Nothing is kept.\n\n")
		flags.PrintDefaults()
	}
	if err := demo.Parse(flags, args, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, `A made-up company is at http://%[1]s until this program is interrupted.

export VISMATID_BASE_URL=http://%[1]s VISMATID_APP_ID=%[2]s VISMATID_APP_SECRET=%[3]s
curl -X POST -u %[2]s:%[3]s http://%[1]s/v1/Auth/Token
curl -H 'Authorization: Bearer %[4]s' 'http://%[1]s/v1/Core/TimeReports?page=1&pageSize=2'
`, *addr, *id, *secret, *token)
	return tidtest.Serve(ctx, *addr, tidtest.WithCredentials(*id, *secret, *token), tidtest.WithCompany(tidtest.Sample(1, *users)))
}
