package cli

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/vismatid/tid/cmd/tid/internal/sandbox"
)

// sandboxCommand runs a fake of the API.
func (a *app) sandboxCommand() *cobra.Command {
	var opts sandbox.Options
	var port int
	var listen string
	var open bool
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a fake API with a made-up company",
		Long: `Runs a fake of the API with a made-up company, for programs in any language, until it is interrupted. Nothing is kept.

At its address there is a page, too: what is in the account, the requests as they come, buttons that make requests go wrong,
and the description with examples to copy. It listens on this machine alone, unless --listen says otherwise.`,
		Example: "  tid sandbox --port 8080 --users 12 --months 6 --open",
		Args:    cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.IntVar(&port, "port", 8480, "the `port`; 0 is a free one")
	flags.IntVar(&opts.Users, "users", 25, "how many `users` the company has")
	flags.IntVar(&opts.Months, "months", 3, "for how many `months` they have reported time")
	flags.Uint64Var(&opts.Seed, "seed", 1, "another `number` makes another company")
	flags.IntVar(&opts.RateLimit, "rate-limit", 4, "`requests` that a token may make in a second; -1 is no limit")
	flags.StringVar(&listen, "listen", "127.0.0.1", "the `address` to listen at; others can reach one that is not of this machine alone")
	flags.BoolVar(&open, "open", false, "open the page in a browser")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		opts.Addr = net.JoinHostPort(listen, strconv.Itoa(port))
		opts.AllowRemote = flags.Changed("listen")
		err := sandbox.Run(cmd.Context(), opts, func(info sandbox.Info) {
			if info.Warning != "" {
				fmt.Fprintln(a.env.Stderr, "Warning: "+info.Warning)
			}
			fmt.Fprintf(cmd.OutOrStdout(), `A made-up company is at %[1]s until this is interrupted; its page is there, too.

  base URL      %[1]s
  id            %[2]s
  secret        %[3]s
  static token  %[4]s

export VISMATID_BASE_URL=%[1]s VISMATID_APP_ID=%[2]s VISMATID_APP_SECRET=%[3]s
curl -X POST -u %[2]s:%[3]s %[1]s/v1/Auth/Token
curl -H 'Authorization: Bearer %[4]s' '%[1]s/v1/Core/TimeReports?page=1&pageSize=2'
`, info.BaseURL, info.AppID, info.AppSecret, info.StaticToken)
			if open {
				if err := browse(info.PageURL); err != nil {
					fmt.Fprintf(a.env.Stderr, "No browser opens (%v): the page is at %s\n", err, info.PageURL)
				}
			}
		})
		var taken *net.OpError // the address is good, and not to be had
		if err != nil && !errors.As(err, &taken) {
			return usageError{err}
		}
		return err
	}
	return cmd
}

// browse opens a page in the browser of the system.
func browse(page string) error {
	name, args := "xdg-open", []string{page}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", page}
	}
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // so that nothing of it is left
	return nil
}
