package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/vismatid/tid/cmd/tid/internal/fleet"
	"github.com/vismatid/tid/cmd/tid/internal/profile"
	"github.com/vismatid/tid/mirror"
)

// mirrorCommand keeps copies of accounts in a database.
func (a *app) mirrorCommand() *cobra.Command {
	var to, file, name, listen, logs string
	var only []string
	var every time.Duration
	var parallel int
	var asJSON, plan, whole, nested, rebind bool
	cmd := &cobra.Command{
		Use:   "mirror --to DATABASE",
		Short: "Keep a copy of the account in a database",
		Long: `Keeps a copy of the account in a database, for queries, BI tools and spreadsheets: SQLite in a file, or PostgreSQL. The first
run reads everything; each run after it reads what has changed, and finds what was deleted. A run that is interrupted leaves a
database that the next one continues.

A password of PostgreSQL is best kept out of the command: in PGPASSWORD, or in the file that PGPASSFILE names.

With --every it runs until it is interrupted, which ends it with the exit status 0: what fails meanwhile is in what it writes,
and at /healthz and /metrics if it is to --listen. Without --every the exit status is 1 if something could not be read, be it
for want of a permission; everything else is read all the same.

Many processes and machines may run it with --every on the same accounts, in one database: they share them out, each account
is run once in each --every, and one that dies is replaced within a minute.

--accounts names a file with several accounts, and where their credentials are; there are none in it:

  - name: acme
    profile: acme                       # see tid login
  - name: bygg
    app_id_env: BYGG_ID                 # names of environment variables;
    app_secret_env: BYGG_SECRET         # or token_env for a static token
    base_url: https://publicapi.blikk.com`,
		Example: "  tid mirror --to sqlite:tid.db\n  tid mirror --to postgres://tid@db.example.com/tid --accounts accounts.yaml --every 5m --listen 127.0.0.1:9090",
		Args:    noDatabase,
	}
	cmd.PersistentFlags().StringVar(&to, "to", "", "the `database`: sqlite:FILE or postgres://USER@HOST/NAME")
	flags := cmd.Flags()
	flags.StringSliceVar(&only, "only", nil, "the `lists` to read, such as time-reports,projects; all if not given")
	flags.DurationVar(&every, "every", 0, "run again after this `time`, such as 5m, less or more by a tenth")
	flags.StringVar(&file, "accounts", "", "a `file` that lists several accounts")
	flags.StringVar(&name, "account", "", "the `name` of the account in the database; that of the profile if not given")
	flags.IntVar(&parallel, "parallel", 4, "how many `accounts` are read at the same time")
	flags.BoolVar(&asJSON, "json", false, "write what was done as JSON, a line for each run of an account")
	flags.BoolVar(&plan, "plan", false, "show what a run would read and how many requests it would cost, and copy nothing")
	flags.BoolVar(&whole, "whole", false, "compare every list as a whole, so that changes of old rows and hidden deletions are found at once")
	flags.BoolVar(&nested, "nested", false, "read the comments of projects, and the comments, checklists and attachments of tasks, as well: a request for each at first")
	flags.BoolVar(&rebind, "rebind", false, "take the credentials although they are others than before: the company has a new application or token")
	flags.StringVar(&listen, "listen", "", "the `address` for /healthz and /metrics, such as 127.0.0.1:9090; others can reach one that is not of this machine alone")
	flags.StringVar(&logs, "log", "", "log the start and the end of each run to standard error, as `text` or json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if _, err := dialect(to); err != nil {
			return err
		}
		switch {
		case flags.Changed("every") && every < time.Second:
			return usage("--every is a time of a second or more, such as 5m, not %s", every)
		case parallel < 1:
			return usage("--parallel is a number of accounts, not %d", parallel)
		case plan && every != 0:
			return usage("--plan is for one run: leave --every out")
		case listen != "" && every == 0:
			return usage("--listen needs --every")
		case file != "" && (name != "" || a.name != ""):
			return usage("--accounts names the accounts and their profiles: leave --account and --profile out")
		}
		for i := range only {
			only[i] = strings.ReplaceAll(strings.TrimSpace(only[i]), "-", "_")
			if !slices.Contains(mirror.Tables(), only[i]) {
				return usage("--only: there is no list %q; there are %s", only[i], strings.ReplaceAll(strings.Join(mirror.Tables(), ", "), "_", "-"))
			}
		}
		logger, err := newLogger(a.env.Stderr, logs)
		if err != nil {
			return err
		}
		accounts, err := a.mirrored(file, name)
		if err != nil {
			return err
		}
		hide := redactor(to, a.env.Getenv("PGPASSWORD"))
		m, err := mirror.Open(cmd.Context(), to)
		if err != nil {
			return errors.New(hide(err.Error()))
		}
		if plan {
			err := showPlans(cmd.Context(), cmd.OutOrStdout(), m, accounts, mirror.Options{Only: only, Whole: whole, Nested: nested, Rebind: rebind}, asJSON)
			if err != nil {
				err = errors.New(hide(err.Error()))
			}
			return errors.Join(err, m.Close())
		}
		f := &fleet.Fleet{Mirror: m, Accounts: accounts, Only: only, Whole: whole, Nested: nested, Rebind: rebind, Parallel: parallel, Every: every, Redact: hide}
		err = a.runFleet(cmd, f, listen, logger, asJSON)
		if closed := m.Close(); closed != nil && err == nil {
			err = errors.New(hide(closed.Error()))
		}
		return err
	}
	var er bool
	schema := &cobra.Command{
		Use: "schema --to DATABASE", Short: "Show the tables and views as SQL", Args: noDatabase,
		Long: "Shows the tables and views of a mirror as SQL, or with --er the tables, their keys and references as a diagram in the language of\n" +
			"Mermaid. Nothing is opened: --to sqlite: or --to postgres: is enough, and --er needs neither.",
		Example: "  tid mirror schema --to postgres:\n  tid mirror schema --er",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if er {
				_, err := io.WriteString(cmd.OutOrStdout(), mirror.Diagram())
				return err
			}
			d, err := dialect(to)
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), mirror.Schema(d))
			return err
		},
	}
	views := &cobra.Command{
		Use: "views", Short: "Show the views, and the query behind each", Args: noDatabase,
		Long:    "Shows the views of a mirror, and the query behind each: that of SQLite, or with --to postgres: that of PostgreSQL.",
		Example: "  tid mirror views\n  tid mirror views --to postgres:",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := dialect(cmp.Or(to, "sqlite:"))
			if err != nil {
				return err
			}
			for _, v := range mirror.Views() {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "-- %s\n-- %s\n%s;\n\n", v.Name, v.About, v.Query(d)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	schema.Flags().BoolVar(&er, "er", false, "show an entity relationship diagram")
	cmd.AddCommand(schema, views)
	return cmd
}

// showPlans shows what a run of each account would do.
func showPlans(ctx context.Context, w io.Writer, m *mirror.Mirror, accounts []fleet.Account, opts mirror.Options, asJSON bool) error {
	for _, account := range accounts {
		opts.Account, opts.Fingerprint = account.Name, account.Fingerprint
		lists, err := m.Plan(ctx, account.Client, opts)
		if err != nil {
			return fmt.Errorf("%s: %w", account.Name, err)
		}
		if asJSON {
			if err := json.NewEncoder(w).Encode(map[string]any{"account": account.Name, "plan": lists}); err != nil {
				return err
			}
			continue
		}
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		requests := 0
		fmt.Fprintf(table, "%s\trows\trequests\t\n", account.Name)
		for _, l := range lists {
			note := l.Error
			if l.First && note == "" {
				note = "read for the first time"
			}
			fmt.Fprintf(table, "  %s\t%d\t%d\t%s\n", l.Table, l.Rows, l.Requests, note)
			requests += l.Requests
		}
		fmt.Fprintf(table, "  in all\t\t%d\t%s at four a second\n", requests, time.Duration(requests)*time.Second/4)
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// noDatabase refuses arguments without showing them: one may be the URL of a database, with a password.
func noDatabase(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return errors.New("it takes no arguments: --to names the database")
	}
	return nil
}

// dialect is the kind of a database.
func dialect(to string) (mirror.Dialect, error) {
	scheme, _, ok := strings.Cut(to, ":")
	switch {
	case ok && scheme == "sqlite":
		return mirror.SQLite, nil
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		return mirror.Postgres, nil
	}
	return "", usage("--to is a database: sqlite:FILE, or a URL that begins with postgres://")
}

func newLogger(w io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "":
		return slog.New(slog.DiscardHandler), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, usage("--log is text or json, not %q", format)
}

// runFleet runs accounts, and shows what becomes of them.
func (a *app) runFleet(cmd *cobra.Command, f *fleet.Fleet, listen string, logger *slog.Logger, asJSON bool) error {
	ctx, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	closed := func() error { return nil }
	if listen != "" {
		var err error
		if closed, err = a.listen(ctx, f.Handler(), listen, cancel); err != nil {
			return err
		}
	}

	shown := &board{}
	if !logger.Enabled(ctx, slog.LevelInfo) { // both are for standard error
		once := len(f.Accounts)
		if f.Every > 0 {
			once = 0
		}
		shown = a.board(once)
	}
	var incomplete []string
	f.Begin = func(account string) { logger.Info("run begins", "account", account) }
	f.Progress = shown.set
	f.Done = func(o fleet.Outcome) {
		shown.done(o.Account)
		if o.Error != "" {
			incomplete = append(incomplete, o.Account)
		}
		log(logger, o)
		write := writeOutcome
		if asJSON {
			write = func(w io.Writer, o fleet.Outcome) error { return json.NewEncoder(w).Encode(o) }
		}
		if err := write(cmd.OutOrStdout(), o); err != nil {
			cancel(err)
		}
	}
	f.Run(ctx)
	err := closed()
	if cause := context.Cause(ctx); cause != nil && cmd.Context().Err() == nil {
		return cause // nothing can be written, or nobody can ask any longer
	}
	switch {
	case err != nil:
		return err
	case f.Every > 0: // the interrupt is its usual end
		return nil
	case ctx.Err() != nil:
		return errInterrupted
	case len(incomplete) > 0:
		return fmt.Errorf("not everything could be read into the mirror: see what is said of %s", strings.Join(incomplete, ", "))
	}
	return nil
}

// writeOutcome writes what a run has done as text.
func writeOutcome(w io.Writer, o fleet.Outcome) error {
	if o.Busy {
		_, err := fmt.Fprintf(w, "%s: passed over, another process writes it\n", o.Account)
		return err
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	written, deleted, requests, rows, told := 0, 0, 0, 0, false
	for _, l := range o.Lists {
		written, deleted, requests = written+l.Written, deleted+l.Deleted, requests+l.Requests
		if l.Written+l.Deleted == 0 && l.Error == "" {
			continue
		}
		if rows++; rows == 1 {
			fmt.Fprintf(table, "  list\twritten\tdeleted\trequests\n")
		}
		fmt.Fprintf(table, "  %s\t%d\t%d\t%d\n", l.Table, l.Written, l.Deleted, l.Requests)
	}
	_ = table.Flush() // to memory
	for _, l := range o.Lists {
		switch {
		case l.Skipped:
			fmt.Fprintf(&b, "  %s could not be read, a permission is missing: %s\n", l.Table, l.Error)
		case l.Error != "":
			fmt.Fprintf(&b, "  %s could not be read: %s\n", l.Table, l.Error)
		}
		told = told || l.Error != ""
	}
	if o.Error != "" && !told {
		fmt.Fprintf(&b, "  %s\n", o.Error)
	}
	_, err := fmt.Fprintf(w, "%s: %d lists, %d rows written, %d deleted, %d requests, %s\n%s",
		o.Account, len(o.Lists), written, deleted, requests, o.Took.Round(100*time.Millisecond), b.String())
	return err
}

// log logs the end of a run.
func log(logger *slog.Logger, o fleet.Outcome) {
	written, deleted, requests := 0, 0, 0
	for _, l := range o.Lists {
		written, deleted, requests = written+l.Written, deleted+l.Deleted, requests+l.Requests
	}
	of := logger.With("account", o.Account, "written", written, "deleted", deleted, "requests", requests, "seconds", o.Took.Seconds())
	switch {
	case o.Busy:
		of.Info("run passed over: another process writes the account")
	case o.Error != "":
		of.Error("run ended", "error", o.Error)
	default:
		of.Info("run ended")
	}
}

// listen serves a handler until closed is called; failed is called if that ends before.
func (a *app) listen(ctx context.Context, handler http.Handler, address string, failed func(error)) (closed func() error, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usage("--listen is an address and a port, such as 127.0.0.1:9090, not %q", address)
	}
	at, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port))
	if err != nil {
		return nil, usage("--listen: %w", err)
	}
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("/healthz and /metrics: %w", err)
	}
	own := listener.Addr().(*net.TCPAddr)
	if !own.IP.IsLoopback() {
		fmt.Fprintf(a.env.Stderr, "Warning: everybody who can reach %s can read /healthz and /metrics, with the names of the accounts.\n", own)
	}
	fmt.Fprintf(a.env.Stderr, "/healthz and /metrics are at http://%s\n", own)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("/healthz and /metrics: %w", err))
		}
	}()
	return func() error {
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer done()
		_ = server.Shutdown(grace) // what is still open then
		err := server.Close()      // is closed
		<-served
		return err
	}, nil
}

// mirrored are the accounts of a file, or the one that other commands work on.
func (a *app) mirrored(file, name string) ([]fleet.Account, error) {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, usageError{err}
		}
		return a.listed(file, text)
	}
	acc, err := a.account()
	if err != nil {
		return nil, err
	}
	name = cmp.Or(name, acc.name, profile.Default)
	if err := checkAccount(name); err != nil {
		return nil, usage("--account: %w", err)
	}
	return []fleet.Account{acc.mirrored(name)}, nil
}

func (acc *account) mirrored(name string) fleet.Account {
	return fleet.Account{Name: name, Client: acc.client, Fingerprint: mirror.Fingerprint(acc.credential)}
}

func checkAccount(name string) error {
	if name == "" || len(name) > 200 || strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return errors.New("the name of an account has up to 200 characters that can be printed")
	}
	return nil
}

var (
	accountKeys = []string{"name", "profile", "app_id_env", "app_secret_env", "token_env", "base_url"}
	variable    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	secretive   = regexp.MustCompile(`(?i)secret|token|passw|key|credential|^app_?id$`)
)

// listed are the accounts that a file lists. No error shows a value of the file: it may be a secret that is there by mistake.
func (a *app) listed(file string, text []byte) ([]fleet.Account, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, usage("%s cannot be read as YAML", file) // the cause may quote it
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.SequenceNode || len(document.Content[0].Content) == 0 {
		return nil, usage("%s is to be a list of accounts; tid mirror --help shows one", file)
	}
	var accounts []fleet.Account
	for _, node := range document.Content[0].Content {
		wrong := func(format string, args ...any) error {
			return usage("%s, the account in line %d: %w", file, node.Line, fmt.Errorf(format, args...))
		}
		values, err := accountValues(node)
		if err != nil {
			return nil, wrong("%w", err)
		}
		name := cmp.Or(values["name"], values["profile"])
		if err := checkAccount(name); err != nil {
			return nil, wrong("%w", err)
		}
		if slices.ContainsFunc(accounts, func(other fleet.Account) bool { return other.Name == name }) {
			return nil, wrong("another one has the same name")
		}
		acc, err := a.listedAccount(values)
		if err != nil {
			return nil, wrong("%w", err)
		}
		accounts = append(accounts, acc.mirrored(name))
	}
	return accounts, nil
}

// accountValues are the values of an account in a file.
func accountValues(node *yaml.Node) (map[string]string, error) {
	if node.Kind != yaml.MappingNode {
		return nil, errors.New("it is to have a name, and a profile or the names of environment variables")
	}
	values := make(map[string]string)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		_, twice := values[key.Value]
		switch {
		case !slices.Contains(accountKeys, key.Value) && secretive.MatchString(key.Value):
			return nil, fmt.Errorf("%s: credentials do not belong in this file: app_id_env, app_secret_env and token_env name the environment variables that hold them", key.Value)
		case !slices.Contains(accountKeys, key.Value):
			return nil, fmt.Errorf("there is no key %q; there are %s", key.Value, strings.Join(accountKeys, ", "))
		case twice:
			return nil, fmt.Errorf("%s is there twice", key.Value)
		case value.Kind != yaml.ScalarNode || value.Value == "" || value.Tag == "!!null":
			return nil, fmt.Errorf("%s is to be a text", key.Value)
		case strings.HasSuffix(key.Value, "_env") && !variable.MatchString(value.Value):
			return nil, fmt.Errorf("%s is to be the name of an environment variable", key.Value)
		}
		values[key.Value] = value.Value
	}
	return values, nil
}

// listedAccount opens an account of a file.
func (a *app) listedAccount(values map[string]string) (*account, error) {
	set := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return values[key] != "" })
	}
	if set("profile") {
		if set("app_id_env", "app_secret_env", "token_env", "base_url") {
			return nil, errors.New("it has a profile, which has the credentials and the address: leave the other keys out")
		}
		p, secret, err := a.profiles.Get(values["profile"])
		if err != nil {
			return nil, err
		}
		return a.open(values["profile"], p, secret)
	}
	if set("token_env") == set("app_id_env", "app_secret_env") || set("app_id_env") != set("app_secret_env") {
		return nil, errors.New("it is to have a profile, or app_id_env and app_secret_env, or token_env")
	}
	get := func(key string) (string, error) {
		value := a.env.Getenv(values[key])
		if value == "" {
			return "", fmt.Errorf("the environment variable that its %s names is not set", key)
		}
		return value, nil
	}
	p := profile.Profile{BaseURL: values["base_url"]}
	if set("token_env") {
		token, err := get("token_env")
		if err != nil {
			return nil, err
		}
		return a.open("", p, token)
	}
	var secret string
	var err error
	if p.AppID, err = get("app_id_env"); err == nil {
		secret, err = get("app_secret_env")
	}
	if err != nil {
		return nil, err
	}
	return a.open("", p, secret)
}

// redactor takes the password of the URL of a database out of texts, however it is spelled there. It does not depend on whether
// the URL can be read: errors about one that cannot may quote it.
func redactor(database, more string) func(string) string {
	passwords := []string{more}
	_, rest, _ := strings.Cut(database, "://")
	for at, r := range rest { // the password may have an @ of its own
		if _, password, ok := strings.Cut(rest[:at], ":"); r == '@' && ok {
			passwords = append(append(passwords, password), strings.Split(password, "@")...)
		}
	}
	if _, query, ok := strings.Cut(rest, "?"); ok {
		for part := range strings.SplitSeq(query, "&") {
			if name, value, _ := strings.Cut(part, "="); strings.HasSuffix(strings.ToLower(name), "password") {
				passwords = append(passwords, value)
			}
		}
	}
	for _, p := range slices.Clone(passwords) {
		for _, decode := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
			if plain, err := decode(p); err == nil {
				passwords = append(passwords, plain, url.PathEscape(plain), url.QueryEscape(plain))
			}
		}
	}
	slices.SortFunc(passwords, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	const hidden = "(hidden)"
	var pairs []string
	for _, p := range slices.Compact(passwords) {
		switch {
		case p == "":
		case len(p) < 4: // would be found in every word
			pairs = append(pairs, ":"+p+"@", ":"+hidden+"@", "password="+p, "password="+hidden)
		default:
			pairs = append(pairs, p, hidden)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}
