// Package cli is the command line: commands and flags, what is printed, and the exit status.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/cmd/tid/internal/profile"
)

// Exit statuses.
const (
	Done        = 0
	Failed      = 1 // the API, the network, or a check
	Wrong       = 2 // wrong usage
	NotFound    = 3
	NotAllowed  = 4
	Interrupted = 130
)

// Env is what the command has around it.
type Env struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	// ConfigDir is where profiles are kept.
	ConfigDir string
	Keyring   profile.Keyring // nil is the system's
	// Options are added to those of every client.
	Options []tid.Option
}

// System is the environment of the process.
func System() Env {
	dir := os.Getenv("TID_CONFIG_DIR")
	if base, err := os.UserConfigDir(); dir == "" && err == nil {
		dir = filepath.Join(base, "tid")
	}
	return Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, ConfigDir: dir}
}

// Run performs the command that args name, and returns the exit status.
func Run(ctx context.Context, args []string, env Env) int {
	root, err := New(env)
	if err != nil {
		return report(env.Stderr, err)
	}
	root.SetArgs(args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err = root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = errInterrupted
	}
	return report(env.Stderr, err)
}

// errInterrupted is a command that was interrupted.
var errInterrupted = errors.New("interrupted")

// usageError is a command that was typed wrong.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// silent is an error that has been told already.
type silent struct{ code int }

func (s silent) Error() string { return fmt.Sprintf("exit status %d", s.code) }

// report tells of an error in one line, and returns the exit status that goes with it.
func report(stderr io.Writer, err error) int {
	var told silent
	switch {
	case err == nil:
		return Done
	case errors.As(err, &told):
		return told.code
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	fmt.Fprintf(stderr, "tid: %s\n", strings.TrimPrefix(text, "tid: "))
	var typed usageError
	switch {
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return Interrupted
	case errors.As(err, &typed), errors.Is(err, tid.ErrInvalidInput):
		return Wrong
	case errors.Is(err, tid.ErrNotFound):
		return NotFound
	case errors.Is(err, tid.ErrUnauthorized), errors.Is(err, tid.ErrForbidden), errors.Is(err, fs.ErrPermission):
		return NotAllowed
	}
	return Failed
}

// app is what the commands share.
type app struct {
	env        Env
	operations []*description.Operation
	profiles   *profile.Store
	name       string // of the profile, as it was given
}

const about = `Looks into an account of Visma Tid (Blikk, Spiris Tid), and exports from it.

  tid login                          keep credentials, or set VISMATID_TOKEN
  tid time-reports list -o xlsx      rows, as a table, in a file or in a pipe
  tid contacts get 7                 one object; also create, update, delete
  tid time-reports import hours.csv  check a file, then create what is in it
  tid api GET v1/Core/Contacts       any request
  tid mirror --to sqlite:tid.db      a copy of the account in a database
  tid doctor                         hold the API against its description
  tid sandbox                        a fake API with a made-up company

Resources:
%s

Also: completion, help, logout, profiles, version. --help after a command
explains it. Exit status: 0 done, 1 failed, 2 wrong usage, 3 not found,
4 not allowed, 130 interrupted.`

// New makes the command.
func New(env Env) (*cobra.Command, error) {
	operations, err := description.Operations()
	if err != nil {
		return nil, err
	}
	a := &app{env: env, operations: operations, profiles: &profile.Store{Dir: env.ConfigDir, Keyring: env.Keyring, Timeout: 3 * time.Second}}
	root := &cobra.Command{
		Use:           "tid",
		Version:       tid.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("there is no command %q%s; tid --help shows all", args[0], suggestion(cmd, args[0]))
			}
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w; %s --help explains", err, cmd.CommandPath())
	})
	root.PersistentFlags().StringVar(&a.name, "profile", "", "the `name` of the profile to use")
	_ = root.RegisterFlagCompletionFunc("profile", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) { // it has just been added
		names, _ := a.profiles.Names() // none are proposed of a file that cannot be read
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	resources := a.resources(root)
	a.addImport(root)
	root.Long = fmt.Sprintf(about, wrapped(resources, "  ", 78))
	root.AddCommand(a.apiCommand(), a.loginCommand(), a.logoutCommand(), a.profilesCommand(), a.doctorCommand(), a.mirrorCommand(), a.sandboxCommand(), versionCommand())
	root.SetHelpTemplate(helpTemplate)
	strict(root)
	return root, nil
}

// helpTemplate is that of cobra with the usage of the root left out, which its own text tells.
const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}
{{end}}{{if .HasParent}}
{{.UsageString}}{{end}}`

func suggestion(cmd *cobra.Command, typed string) string {
	cmd.SuggestionsMinimumDistance = 2
	if names := cmd.SuggestionsFor(typed); len(names) > 0 {
		return fmt.Sprintf(": did you mean %s?", strings.Join(names, " or "))
	}
	return ""
}

// strict makes errors about arguments, and groups of commands without one, wrong usage.
func strict(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usage("%w; usage: %s", err, cmd.UseLine())
			}
			return nil
		}
	}
	if cmd.HasSubCommands() && cmd.Run == nil && cmd.RunE == nil {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("there is no command %q in %s%s", args[0], cmd.CommandPath(), suggestion(cmd, args[0]))
			}
			return cmd.Help()
		}
	}
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
}

// wrapped joins words with commas, in lines of a width.
func wrapped(words []string, indent string, width int) string {
	var lines []string
	line := indent
	for i, word := range words {
		if i < len(words)-1 {
			word += ","
		}
		if len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = indent
		}
		if strings.TrimSpace(line) != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "tid %s\n", tid.Version)
			return err
		},
	}
}
