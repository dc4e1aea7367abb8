package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/profile"
)

// account is the account that a command works on.
type account struct {
	name       string // of the profile; empty for the account of the environment variables
	client     *tid.Client
	profile    profile.Profile
	credential string                                   // what tells it from other accounts: the id of the application, or the static token
	exchange   func(context.Context) (tid.Token, error) // nil for a static token
}

// account opens the account of the profile that --profile names; without it that of the environment variables; without those
// that of the profile that TID_PROFILE names, or of the default one.
func (a *app) account(more ...tid.Option) (*account, error) {
	name, p, secret, err := a.credentials()
	if err != nil {
		return nil, err
	}
	return a.open(name, p, secret, more...)
}

// open opens the account that a profile and its secret lead to.
func (a *app) open(name string, p profile.Profile, secret string, more ...tid.Option) (acc *account, err error) {
	opts := []tid.Option{tid.WithUserAgent("tid-cli/" + tid.Version)}
	if p.BaseURL != "" {
		opts = append(opts, tid.WithBaseURL(p.BaseURL))
	}
	opts = append(append(opts, a.env.Options...), more...)
	acc = &account{name: name, profile: p, credential: cmp.Or(p.AppID, secret)}
	source := tid.StaticToken(secret)
	if p.AppID != "" {
		source = tid.AppCredentials(p.AppID, secret)
		exchange := slices.Clone(opts)
		acc.exchange = func(ctx context.Context) (tid.Token, error) {
			return tid.ExchangeToken(ctx, p.AppID, secret, exchange...)
		}
	}
	for operation, path := range p.Paths {
		opts = append(opts, tid.WithPath(operation, path))
	}
	if acc.client, err = tid.NewClient(source, opts...); err != nil {
		return nil, usageError{err}
	}
	return acc, nil
}

// credentials finds the account that a command is for, and the secret that opens it.
func (a *app) credentials() (name string, p profile.Profile, secret string, err error) {
	get := a.env.Getenv
	id, key, token := get("VISMATID_APP_ID"), get("VISMATID_APP_SECRET"), get("VISMATID_TOKEN")
	switch {
	case a.name != "" || id == "" && key == "" && token == "":
	case token != "" && (id != "" || key != ""):
		return "", p, "", usage("VISMATID_TOKEN is set beside VISMATID_APP_ID or VISMATID_APP_SECRET: unset one or the other")
	case token != "":
		return "", profile.Profile{BaseURL: get("VISMATID_BASE_URL")}, token, nil
	case id == "" || key == "":
		return "", p, "", usage("VISMATID_APP_ID and VISMATID_APP_SECRET must be set together")
	default:
		return "", profile.Profile{BaseURL: get("VISMATID_BASE_URL"), AppID: id}, key, nil
	}
	name = a.profileName()
	p, secret, err = a.profiles.Get(name)
	if errors.Is(err, profile.ErrNone) && a.name == "" && name == profile.Default {
		return name, p, "", usage("there are no credentials: run tid login, or set VISMATID_APP_ID and VISMATID_APP_SECRET, or VISMATID_TOKEN")
	}
	if err != nil {
		return name, p, "", usageError{err}
	}
	return name, p, secret, nil
}

func (a *app) profileName() string {
	return cmp.Or(a.name, a.env.Getenv("TID_PROFILE"), profile.Default)
}

func (a *app) loginCommand() *cobra.Command {
	var id, address string
	var static, testAccount bool
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Keep the credentials of an account",
		Long: `Keeps the credentials of an account under a profile, "default" if --profile does not name one.

An administrator creates an API application in Visma Tid under the cog icon, Integrationer, API-applikationer. Its secret,
or a static token, is asked for and not shown; in a script it is read from standard input. It is kept in the system's
keyring, or in a file for you alone if there is no keyring.`,
		Example: "  tid login\n  tid login --profile test --base-url http://127.0.0.1:8080 --app-id ap_sandbox < secret.txt",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			name := a.profileName()
			if err := profile.CheckName(name); err != nil {
				return usageError{err}
			}
			in := bufio.NewReader(a.env.Stdin)
			p := profile.Profile{BaseURL: address, TestAccount: testAccount}
			if before, err := a.profiles.All(); err == nil {
				p.Paths = before[name].Paths
			}
			if !static {
				var err error
				if p.AppID, err = a.ask(cmd.Context(), in, "Application id: ", id); err != nil {
					return err
				}
			}
			what := "Secret: "
			if static {
				what = "Static token: "
			}
			secret, err := a.askSecret(cmd.Context(), in, what)
			if err != nil {
				return err
			}
			if err := a.try(cmd.Context(), p, secret); err != nil {
				return err
			}
			inFile, err := a.profiles.Put(name, p, secret)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.env.Stderr, "Profile %s is kept.\n", name)
			if inFile {
				fmt.Fprintf(a.env.Stderr, "No keyring answered: the secret is in a file in %s that you alone can read.\n", a.profiles.Dir)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&id, "app-id", "", "the `id` of the application; asked for if not given")
	flags.BoolVar(&static, "static-token", false, "a static token, not an application's id and secret")
	flags.StringVar(&address, "base-url", a.env.Getenv("VISMATID_BASE_URL"), "the `address` of the API, such as "+tid.BlikkBaseURL)
	flags.BoolVar(&testAccount, "test-account", false, "a test account: doctor --writes may write to it")
	return cmd
}

// try makes sure that credentials are taken.
func (a *app) try(ctx context.Context, p profile.Profile, secret string) error {
	acc, err := a.open("", p, secret)
	if err != nil {
		return err
	}
	if acc.exchange != nil {
		_, err = acc.exchange(ctx)
		return err
	}
	_, err = acc.client.Contacts.List(ctx, &tid.ContactListOptions{ListOptions: tid.ListOptions{PageSize: 1}})
	if errors.Is(err, tid.ErrForbidden) {
		return nil // taken, and may not read contacts
	}
	return err
}

// ask returns what was given, or a line that is typed.
func (a *app) ask(ctx context.Context, in *bufio.Reader, prompt, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if a.terminal(a.env.Stdin) >= 0 {
		fmt.Fprint(a.env.Stderr, prompt)
	}
	return line(ctx, in, prompt)
}

// askSecret reads a line that is not shown.
func (a *app) askSecret(ctx context.Context, in *bufio.Reader, prompt string) (string, error) {
	fd := a.terminal(a.env.Stdin)
	if fd < 0 {
		return line(ctx, in, prompt)
	}
	shown, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(a.env.Stderr, prompt)
	text, err := await(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if ctx.Err() != nil {
		_ = term.Restore(fd, shown) // what is typed next is to be shown again
	}
	fmt.Fprintln(a.env.Stderr)
	if err != nil {
		return "", err
	}
	return notEmpty(string(text), prompt)
}

func line(ctx context.Context, in *bufio.Reader, prompt string) (string, error) {
	text, err := await(ctx, func() (string, error) { return in.ReadString('\n') })
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return notEmpty(text, prompt)
}

// await returns what read gives, unless ctx ends first: nothing else ends a read of a terminal or a pipe.
func await[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func notEmpty(text, prompt string) (string, error) {
	if text = strings.TrimSpace(text); text == "" {
		return "", usage("nothing was given for %q", strings.TrimSuffix(prompt, ": "))
	}
	return text, nil
}

// terminal returns the descriptor of a stream that is a terminal, else -1.
func (a *app) terminal(stream any) int {
	if f, ok := stream.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return int(f.Fd())
	}
	return -1
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Forget a profile and its secret", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			name := a.profileName()
			if err := a.profiles.Delete(name); err != nil {
				return usageError{err}
			}
			fmt.Fprintf(a.env.Stderr, "Profile %s is forgotten.\n", name)
			return nil
		},
	}
}

func (a *app) profilesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "profiles", Short: "List the profiles", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			names, err := a.profiles.Names()
			if err != nil {
				return err
			}
			all, err := a.profiles.All()
			if err != nil {
				return err
			}
			for _, name := range names {
				p := all[name]
				kind, address := "static token", p.BaseURL
				if p.AppID != "" {
					kind = p.AppID
				}
				if address == "" {
					address = tid.DefaultBaseURL
				}
				if p.TestAccount {
					kind += "\ttest account"
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\n", name, address, kind); err != nil {
					return err
				}
			}
			return nil
		},
	}
	set := &cobra.Command{
		Use: "set-path OPERATION PATH", Short: "Correct the path of an operation in a profile",
		Long:    "Corrects the path of an operation in a profile, as doctor proposes. An empty path takes the correction back.",
		Example: `  tid profiles set-path "GET /v1/Core/Logs" /v1/Core/LogEntries`,
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			name := a.profileName()
			all, err := a.profiles.All()
			if err != nil {
				return err
			}
			p, ok := all[name]
			if !ok {
				return usage("%w as %q", profile.ErrNone, name)
			}
			if args[1] == "" {
				delete(p.Paths, args[0])
				return a.profiles.Change(name, p)
			}
			if _, err := tid.NewClient(tid.StaticToken("none"), tid.WithPath(args[0], args[1])); err != nil {
				return usageError{err}
			}
			if p.Paths == nil {
				p.Paths = map[string]string{}
			}
			p.Paths[args[0]] = args[1]
			return a.profiles.Change(name, p)
		},
	}
	cmd.AddCommand(set)
	return cmd
}
