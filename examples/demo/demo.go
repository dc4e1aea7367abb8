// Package demo is what the examples share: the account they work on, and how a
// program ends. It is public so that an example can be copied into a module of its
// own, and is there for the examples alone: it may change with any of them.
package demo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// Run is an example: it reads args and writes to stdout, and to stderr what is
// not its result.
type Run func(ctx context.Context, args []string, stdout, stderr io.Writer) error

// Status is an error that ends the program with a status other than 1.
type Status struct {
	Code int
	Err  error // nil ends without a message
}

func (s Status) Error() string { return fmt.Sprint(s.Err) }
func (s Status) Unwrap() error { return s.Err }

// Main runs an example until it is done or interrupted, and ends the program.
func Main(run Run) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := Code(run(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr)
	stop()
	os.Exit(code)
}

// Code reports err in one line and returns the exit status that goes with it.
func Code(err error, stderr io.Writer) int {
	status := Status{Code: 1, Err: err}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &status) && status.Err == nil:
		return status.Code
	case errors.Is(err, context.Canceled):
		status.Err = errors.New("interrupted")
	}
	fmt.Fprintf(stderr, "%s: %s\n", filepath.Base(os.Args[0]), strings.ReplaceAll(status.Err.Error(), "\n", " "))
	return status.Code
}

// Flags returns a set of flags for an example that does what about says.
func Flags(name, about string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "%s\n\nIt works on the account that the VISMATID_ variables name; without them, on a\n"+
			"made-up company on a fake server.\n\n", about)
		flags.PrintDefaults()
	}
	return flags
}

// Parse reads flags; -h explains them on stdout, and what is wrong with them is
// left to the caller to report.
func Parse(flags *flag.FlagSet, args []string, stdout io.Writer) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.Usage()
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q; -h explains", flags.Arg(0))
	}
	return err
}

// Options are added to those of every client. The tests of the examples put the
// transport of their server here.
var Options []tid.Option

// HasAccount reports whether VISMATID_ variables name an account.
func HasAccount() bool {
	return slices.ContainsFunc([]string{"APP_ID", "APP_SECRET", "TOKEN", "BASE_URL"}, func(name string) bool {
		return os.Getenv("VISMATID_"+name) != ""
	})
}

// Note says that there is no account, and what there is instead.
func Note(w io.Writer) {
	fmt.Fprintln(w, "No VISMATID_ variables are set: this is a made-up company on a fake server.")
}

// Open returns a client for the account that the VISMATID_ variables name. When
// there are none it starts a fake server with the given company, and says so.
// done is to be called at the end.
func Open(note io.Writer, company func() *tidtest.Company, opts ...tid.Option) (c *tid.Client, done func(), err error) {
	opts = slices.Concat(opts, Options)
	if HasAccount() {
		c, err = tid.NewClientFromEnv(opts...)
		return c, func() {}, err
	}
	Note(note)
	srv := tidtest.Start(tidtest.InMemory(), tidtest.WithCompany(company()))
	return srv.Client(opts...), srv.Close, nil
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Table prints rows in columns: the first one to the left, the others, which are
// numbers, to the right.
func Table(w io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString(cell + space)
			} else {
				line.WriteString("  " + space + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// WriteFile writes a file whole or not at all: write gets a temporary file
// beside it, which takes its place only when everything is on the disk.
func WriteFile(name string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("cannot write %s: it is not a regular file", name)
	}
	part := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%x.part", filepath.Base(name), rand.Uint32()))
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", name, errors.Unwrap(err))
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(part)
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return Rename(part, name)
}

// Rename gives a file another name in the same directory, and returns when that
// too is on the disk.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(to)); err == nil {
		_ = dir.Sync() // not every system can, and none needs it that cannot
		_ = dir.Close()
	}
	return nil
}
