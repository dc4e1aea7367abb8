package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/doctor"
)

// doctorCommand holds the API against its description.
func (a *app) doctorCommand() *cobra.Command {
	var asJSON, all, writes, kept bool
	var file string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Hold the API against its description",
		Long: `Holds the API, as the account has it, against the description that this command and the SDK are made from: whether each
path exists, properties that are new, missing or of another type, filters and sort keys that do nothing, page sizes, the life of
a token, and how quickly it answers. It only reads: at most ` + fmt.Sprint(doctor.DefaultRequests) + ` requests, within the rate limit.

The report holds names, types and counts, and nothing that is in the account: it can be sent to the maintainers as it is,
and becomes evidence in the description. Where a path is wrong and the right one is found, it says how to go on at once.

With --writes, in a profile that login was told to be a --test-account, it creates, reads, changes and deletes one of each that
can be deleted, and tells which names the API took.`,
		Example: "  tid doctor\n  tid doctor --json --file report.json\n  tid doctor --profile test --writes",
		Args:    cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "write the report as JSON")
	flags.StringVarP(&file, "file", "f", "", "the `file` to write the report to")
	flags.BoolVar(&all, "all", false, "check every filter and sort key: about twice as many requests")
	flags.BoolVar(&writes, "writes", false, "write to a test account, and clean up")
	flags.BoolVar(&kept, "writes-kept", false, "with --writes: create what the API cannot delete, too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if kept && !writes {
			return usage("--writes-kept needs --writes")
		}
		meter := &doctor.Meter{}
		acc, err := a.account(tid.WithObserver(meter.Observe))
		if err != nil {
			return err
		}
		if writes && !acc.profile.TestAccount {
			return usage("--writes is for test accounts: tid login --test-account says that a profile is one")
		}
		opts := doctor.Options{Paths: acc.profile.Paths, Writes: writes, WritesKept: kept, Meter: meter, Exchange: acc.exchange}
		if all {
			opts.Requests = doctor.NoLimit
		}
		progress := a.progress("doctor")
		opts.Progress = progress.set
		report, failed := doctor.Run(cmd.Context(), acc.client, a.operations, opts)
		progress.end()
		if report == nil {
			return failed
		}
		write := report.WriteText
		if asJSON {
			write = func(w io.Writer) error {
				e := json.NewEncoder(w)
				e.SetIndent("", "  ")
				return e.Encode(report)
			}
		}
		if file != "" {
			err = writeFile(file, write)
		} else {
			err = write(cmd.OutOrStdout())
		}
		if !asJSON && len(report.Paths) > 0 && acc.name != "" {
			err = errors.Join(err, mend(cmd.OutOrStdout(), acc.name, report.Paths))
		}
		switch {
		case failed != nil || err != nil:
			return errors.Join(failed, err)
		case slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool { return f.Kind != doctor.Empty }):
			return silent{Failed}
		}
		return nil
	}
	return cmd
}

// mend tells how a profile goes on with the paths that were found.
func mend(w io.Writer, name string, paths map[string]string) error {
	var lines []string
	for operation, path := range paths {
		lines = append(lines, fmt.Sprintf("  tid profiles set-path --profile %s %q %s", name, operation, path))
	}
	slices.Sort(lines)
	_, err := fmt.Fprintf(w, "\nTo go on with the paths that were found:\n%s\n", strings.Join(lines, "\n"))
	return err
}
