package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/importer"
)

const aboutImport = `Creates a time report for each line of a CSV file.

Without --send it checks the file, shows what it would create, and sends nothing but the reads that names need. With --send
it does the same, and then creates the reports, if every line is right.

The file is UTF-8, with a header, and with commas, semicolons or tabs between the cells. Its columns are userId, date (such
as 2026-10-31), one of projectId, internalProjectId and absenceProjectId, and any of activityId, timeCodeId, timeArticleId,
clockStart, clockEnd (such as 07:30), hours, invoiceableHours (7.5 or 7,5), breakMinutes, comment and internalComment.
Case, dashes and underscores do not count: User-ID is userId. An empty cell is left out. These columns take what people
call a thing, in the place of its id; exactly one must be called so:

  user (name, e-mail or employee number)   project (number or title)   internalProject, absenceProject, activity (name)
  timeCode (name or code)   timeArticle (name or number)

What has been created stands in a ledger beside the file, FILE.ledger. A run that was killed at any moment goes on where it
was, and so does one after the file was changed: it creates the lines that the ledger does not have. Lines are known by what
they say, not by their places; a line that is changed is another line. Keep the ledger as long as the file: without it all
lines are new. It holds what the lines hold, and no credentials; two runs of one file at once are refused.

When the answer to a request is lost, or a run was killed, the report is looked for among those of its user and day that were
not there before. If there is none after --settle, the line is sent again: an API that shows a report, or makes one, later
than that would have it twice; how late it can is unknown. If there is one on the same project that differs, the run stops
and --unsure decides. An equal report that was made elsewhere in that moment is taken for the line: rather none than two.

A line that the API refuses is told at the end, and the others go on; the next run tries it again. Anything else that fails
ends the run. The exit status is 0 if all lines are created, or if without --send all are right. It costs a request for each
line and one for each user and day, at four a second. Ctrl-C ends it after the line that is under way.`

// addImport adds the import below time-reports.
func (a *app) addImport(root *cobra.Command) {
	reports := root.Commands()[slices.IndexFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == "time-reports" })]
	job := &importJob{app: a}
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Create time reports from a CSV file, each line once", Long: aboutImport,
		Example: "  tid time-reports import hours.csv\n  tid time-reports import hours.csv --send",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return job.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&job.send, "send", false, "create what the file has; without it nothing is")
	flags.BoolVar(&job.duplicates, "allow-duplicates", false, "create each of several lines that are the same")
	flags.StringVar(&job.ledger, "ledger", "", "the `file` that remembers what is created; FILE.ledger if not given")
	flags.BoolVar(&job.same, "same-account", false, "these credentials are of the account that the ledger is of, though other ones")
	flags.StringVar(&job.unsure, "unsure", string(importer.UnsureStop), "`what` to do where it cannot be told whether a line is created: stop, skip (it is) or send (it is not)")
	flags.DurationVar(&job.settle, "settle", 10*time.Second, "how `long` a lost request may take to show, at the most")
	_ = cmd.RegisterFlagCompletionFunc("unsure", cobra.FixedCompletions([]string{"stop", "skip", "send"}, cobra.ShellCompDirectiveNoFileComp)) // it has just been added
	reports.AddCommand(cmd)
}

// importJob is one import.
type importJob struct {
	*app
	send, duplicates, same bool
	ledger, unsure         string
	settle                 time.Duration
}

func (j *importJob) run(ctx context.Context, name string) error {
	switch {
	case !slices.Contains([]importer.Unsure{importer.UnsureStop, importer.UnsureSkip, importer.UnsureSend}, importer.Unsure(j.unsure)):
		return usage("--unsure is stop, skip or send, not %q", j.unsure)
	case j.settle < 0:
		return usage("--settle must be 0 or more")
	case j.ledger == "":
		j.ledger = name + ".ledger"
	}
	acc, err := j.account()
	if err != nil {
		return err
	}
	account := importer.Account{Address: strings.ToLower(strings.TrimRight(cmp.Or(acc.profile.BaseURL, tid.DefaultBaseURL), "/")), Credential: acc.credential}
	content, err := readImport(name)
	if err != nil {
		return err
	}
	file, err := importer.Check(ctx, acc.client, content, j.duplicates)
	if err != nil {
		return err
	}
	for _, warning := range file.Warnings {
		fmt.Fprintf(j.env.Stderr, "%s: warning: %s\n", name, warning)
	}
	for _, problem := range file.Problems {
		fmt.Fprintf(j.env.Stderr, "%s: %s\n", name, problem)
	}
	if n := len(file.Problems); n > 0 {
		fmt.Fprintf(j.env.Stderr, "Nothing was sent: %s.\n", counted(n, "problem"))
		return silent{Failed}
	}
	if !j.send {
		ledger, err := importer.ReadLedger(j.ledger, account, j.same)
		if err != nil {
			return err
		}
		j.gone(ledger, file)
		return j.preview(name, ledger, file)
	}
	ledger, err := importer.OpenLedger(j.ledger, account, j.same)
	if err != nil {
		return err
	}
	j.gone(ledger, file)
	return errors.Join(j.create(ctx, name, acc.client, ledger, file), ledger.Close())
}

// readImport reads a file that may have one byte too many, for the check to tell.
func readImport(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, importer.MaxBytes+1))
}

// gone tells of what was created from lines that the file has no more.
func (j *importJob) gone(ledger *importer.Ledger, file *importer.File) {
	const most = 10
	gone := ledger.Gone(file.Lines)
	for n, note := range gone {
		if n == most {
			fmt.Fprintf(j.env.Stderr, "%s: and %d more\n", j.ledger, len(gone)-most)
			break
		}
		fmt.Fprintf(j.env.Stderr, "%s: created, and no longer in the file: then %s\n", j.ledger, note)
	}
}

// preview shows what would be created.
func (j *importJob) preview(name string, ledger *importer.Ledger, file *importer.File) error {
	type total struct {
		user  string
		lines int
		hours tid.Decimal
	}
	var all total
	var users []*total
	byID := map[int64]*total{}
	for _, line := range file.Lines {
		if ledger.IsCreated(line.Key) {
			continue
		}
		u := byID[line.Input.UserID]
		if u == nil {
			u = &total{user: line.User}
			byID[line.Input.UserID] = u
			users = append(users, u)
		}
		for _, t := range []*total{u, &all} {
			t.lines++
			t.hours = t.hours.Add(line.Input.Hours)
		}
	}
	out := j.env.Stdout
	if all.lines > 0 {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "User\tLines\tHours\t")
		for _, u := range users {
			fmt.Fprintf(w, "%s\t%d\t%s\t\n", u.user, u.lines, u.hours.StringFixed(2))
		}
		fmt.Fprintf(w, "Total\t%d\t%s\t\n", all.lines, all.hours.StringFixed(2))
		if err := w.Flush(); err != nil {
			return err
		}
	}
	for _, note := range ledger.Uncertain() {
		fmt.Fprintf(out, "%s: then %s: --send looks for it first\n", j.ledger, note)
	}
	if done := ledger.Created(file.Lines); done > 0 {
		fmt.Fprintf(out, "%s: %s created already.\n", name, are(done))
	}
	if all.lines == 0 {
		_, err := fmt.Fprintln(out, "There is nothing to create.")
		return err
	}
	_, err := fmt.Fprintf(out, "%s: %s to create. Nothing was sent: --send creates them.\n", name, are(all.lines))
	return err
}

// create creates the lines, and tells what became of them.
func (j *importJob) create(ctx context.Context, name string, client *tid.Client, ledger *importer.Ledger, file *importer.File) error {
	run := &importer.Import{Client: client, Ledger: ledger, Settle: j.settle, Unsure: importer.Unsure(j.unsure)}
	progress := j.progress(name)
	run.Progress = progress.set
	result, err := run.Run(ctx, file.Lines)
	progress.end()
	for _, note := range result.Refused {
		fmt.Fprintf(j.env.Stderr, "%s: %s\n", name, note)
	}
	text := fmt.Sprintf("%s: %s created", name, are(result.Created))
	if result.Found > 0 {
		text += fmt.Sprintf(", %d of them found where the answer was lost", result.Found)
	}
	if result.Before > 0 {
		text += fmt.Sprintf("; %d before", result.Before)
	}
	if n := len(result.Refused); n > 0 {
		text += fmt.Sprintf("; %d refused", n)
	}
	if n := result.Left() - len(result.Refused); n > 0 {
		text += fmt.Sprintf("; %d left: the same command goes on", n)
	}
	if _, told := fmt.Fprintln(j.env.Stdout, text+"."); err == nil {
		err = told
	}
	if err == nil && result.Left() > 0 {
		return silent{Failed}
	}
	return err
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func are(lines int) string {
	if lines == 1 {
		return "1 line is"
	}
	return fmt.Sprintf("%d lines are", lines)
}
