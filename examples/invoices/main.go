// Invoices hands the invoices that no economy system has yet over to one: their
// sold rows to a CSV file, and then a mark on each of them.
//
//	go run ./examples/invoices                      shows what there is to export
//	go run ./examples/invoices -mark -dir exports   exports and marks it
//
// Every invoice is exported once and marked once, wherever a run is killed. The
// export is its own journal: it lies complete on the disk, under the name of an
// unfinished one, before the first invoice is marked, and gets its own name after
// the last one is. A run begins with what the one before it has left unfinished,
// and asks the account how far it came.
//
// It works on the account that the VISMATID_ variables name; without them, on a
// made-up company on a fake server. Only one run at a time may use a directory.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/tidtest"
)

func main() { demo.Main(run) }

const about = `Invoices exports the invoices that are not yet sent to an economy system to a CSV
file, one line for each sold row, and marks them as sent. The number of an invoice
there is its id here. A run that was killed is finished by the next one: always
use the same directory, and one run at a time.`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := demo.Flags("invoices", about)
	dryRun := flags.Bool("dry-run", false, "show what there is to export, and write nothing: the default")
	mark := flags.Bool("mark", false, "write the file, and mark the invoices in it")
	dir := flags.String("dir", ".", "write the file to this `directory`")
	since := flags.String("since", "", "leave out invoices created before this `day`, such as 2026-10-01")
	if err := demo.Parse(flags, args, stdout); err != nil {
		return err
	}
	if *dryRun && *mark {
		return errors.New("give either -dry-run or -mark")
	}
	opts := &tid.InvoiceListOptions{SortBy: tid.InvoicesByCreatedDate}
	if *since != "" {
		var err error
		if opts.CreatedSince, err = tid.ParseDate(*since); err != nil {
			return fmt.Errorf("-since: %w", err)
		}
	}
	client, done, err := demo.Open(stdout, func() *tidtest.Company { return tidtest.Sample(1, 12) })
	if err != nil {
		return err
	}
	defer done()

	begun, err := unfinished(*dir)
	if err != nil {
		return err
	}
	if *mark {
		if err := finish(ctx, client, *dir, begun, stdout); err != nil {
			return err
		}
		begun = nil
	} else if len(begun) > 0 {
		fmt.Fprintf(stdout, "An earlier run exported %d invoices and did not mark them all: -mark will.\n", len(begun))
	}
	invoices, err := unsent(ctx, client, opts, begun)
	switch {
	case err != nil:
		return err
	case len(invoices) == 0:
		fmt.Fprintln(stdout, "There is nothing to export.")
		return nil
	}
	show(invoices, stdout, stderr)
	if !*mark {
		fmt.Fprintln(stdout, "\nNothing has been written: -mark exports and marks them.")
		return nil
	}
	fmt.Fprintln(stdout)
	batch := make(export, 0, len(invoices))
	for _, invoice := range invoices {
		batch = append(batch, exported{invoice.ID, lines(invoice)})
	}
	if err := batch.isNew(*dir); err != nil {
		return err
	}
	if err := demo.WriteFile(unfinishedName(*dir), batch.write); err != nil {
		return err
	}
	return finish(ctx, client, *dir, batch, stdout)
}

// unsent reads the invoices to export, in the order of their ids: those that are
// not sent, and not exported by a run that was killed.
func unsent(ctx context.Context, client *tid.Client, opts *tid.InvoiceListOptions, begun export) ([]*tid.Invoice, error) {
	var invoices []*tid.Invoice
	for summary, err := range client.Invoices.Unsent(ctx, opts) {
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(begun, func(e exported) bool { return e.id == summary.ID }) {
			continue
		}
		invoice, err := client.Invoices.Get(ctx, summary.ID)
		switch {
		case errors.Is(err, tid.ErrNotFound): // deleted since the list was read
		case err != nil:
			return nil, err
		case !invoice.IsSent():
			invoices = append(invoices, invoice)
		}
	}
	slices.SortFunc(invoices, func(a, b *tid.Invoice) int { return cmp.Compare(a.ID, b.ID) })
	return invoices, nil
}

// difference is how much more an invoice says that it comes to than its rows do.
func difference(invoice *tid.Invoice) tid.Decimal {
	left := invoice.Sum
	for _, row := range invoice.SoldRows() {
		left = left.Sub(row.Sum)
	}
	return left
}

// show prints the invoices, and complains about those that do not add up.
func show(invoices []*tid.Invoice, stdout, stderr io.Writer) {
	rows := [][]string{{"Customer", "Invoice", "Date", "Rows", "Sum", "Difference"}}
	var sum, differences tid.Decimal
	count := 0
	for _, invoice := range invoices {
		sold, left := len(invoice.SoldRows()), difference(invoice)
		rows = append(rows, []string{plain(invoice.Customer.String()), strconv.FormatInt(invoice.ID, 10), invoice.InvoiceDate.String(),
			strconv.Itoa(sold), invoice.Sum.StringFixed(2), amount(left)})
		sum, differences, count = sum.Add(invoice.Sum), differences.Add(left), count+sold
		if !left.IsZero() {
			fmt.Fprintf(stderr, "invoice %d: its rows come to %s and it says %s, a difference of %s\n",
				invoice.ID, amount(invoice.Sum.Sub(left)), amount(invoice.Sum), amount(left))
		}
	}
	demo.Table(stdout, append(rows, []string{"Total", "", "", strconv.Itoa(count), sum.StringFixed(2), amount(differences)}))
}

// amount shows two decimals, and more where there are more.
func amount(d tid.Decimal) string {
	if !d.Equal(d.Round(2)) {
		return d.String()
	}
	return d.StringFixed(2)
}

var header = []string{"invoice", "invoiceDate", "customerId", "customer", "invoiceSum", "difference",
	"articleNumber", "article", "comment", "quantity", "price", "discountPercent", "sum"}

// lines are the lines of an invoice in the file: one for each sold row, or a
// single one without a row. All numbers are exact, and none includes VAT.
func lines(invoice *tid.Invoice) (all [][]string) {
	customerID := ""
	if invoice.Customer != nil {
		customerID = strconv.FormatInt(invoice.Customer.ID, 10)
	}
	first := []string{strconv.FormatInt(invoice.ID, 10), invoice.InvoiceDate.String(), customerID,
		plain(invoice.Customer.String()), invoice.Sum.String(), difference(invoice).String()}
	for _, row := range invoice.SoldRows() {
		all = append(all, slices.Concat(first, []string{plain(row.ArticleNumber), plain(row.Article), plain(row.Comment),
			row.Value.String(), row.Rate.String(), row.Discount.String(), row.Sum.String()}))
	}
	if all == nil {
		all = append(all, slices.Concat(first, make([]string, len(header)-len(first))))
	}
	return all
}

// plain makes text fit for one line, and for reading back what was written.
func plain(s string) string { return strings.Join(strings.Fields(s), " ") }

// export is a file: the invoices in it, in order.
type export []exported

type exported struct {
	id    int64
	lines [][]string
}

func (e export) write(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write(header) // Error tells
	for _, invoice := range e {
		_ = out.WriteAll(invoice.lines)
	}
	out.Flush()
	return out.Error()
}

// name is that of the finished file. No other has the same, since an invoice is
// exported once.
func (e export) name(dir string) string {
	return filepath.Join(dir, fmt.Sprintf("invoices-%d-%d.csv", e[0].id, e[len(e)-1].id))
}

// isNew refuses to export what has been exported before.
func (e export) isNew(dir string) error {
	if _, err := os.Lstat(e.name(dir)); !errors.Is(err, fs.ErrNotExist) {
		return cmp.Or(err, fmt.Errorf("%s is there already, with invoices that the account calls unsent: "+
			"move it away if they are to be exported again", e.name(dir)))
	}
	return nil
}

func unfinishedName(dir string) string { return filepath.Join(dir, "invoices.unfinished") }

// unfinished reads the export that an earlier run has not finished, if there is one.
func unfinished(dir string) (e export, err error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	name := unfinishedName(dir)
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err == nil && (len(all) < 2 || !slices.Equal(all[0], header)) {
		err = errors.New("it is not an export of invoices")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, line := range all[1:] {
		id, err := strconv.ParseInt(line[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no invoice", name, line[0])
		}
		if len(e) == 0 || e[len(e)-1].id != id {
			e = append(e, exported{id: id})
		}
		e[len(e)-1].lines = append(e[len(e)-1].lines, line)
	}
	return e, nil
}

// finish marks the invoices of an export that are not marked yet, and then gives
// the file its name. It looks at each of them first: one that is no longer what
// was exported, or belongs to another account, is not marked.
func finish(ctx context.Context, client *tid.Client, dir string, e export, stdout io.Writer) error {
	if len(e) == 0 {
		return nil
	}
	if err := e.isNew(dir); err != nil {
		return err
	}
	marked := 0
	for _, was := range e {
		invoice, err := client.Invoices.Get(ctx, was.id)
		if err != nil {
			return fmt.Errorf("%s stays unfinished: %w", unfinishedName(dir), err)
		}
		if !slices.EqualFunc(lines(invoice), was.lines, slices.Equal) {
			return fmt.Errorf("%s stays unfinished: invoice %d has changed since, or is of another account", unfinishedName(dir), was.id)
		}
		if invoice.IsSent() {
			continue
		}
		err = client.Invoices.SetSentToEconomySystem(ctx, was.id, tid.Today(time.Local), strconv.FormatInt(was.id, 10))
		if err != nil {
			return fmt.Errorf("%s stays unfinished: %w", unfinishedName(dir), err)
		}
		marked++
	}
	if err := demo.Rename(unfinishedName(dir), e.name(dir)); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %d invoices, %d of them marked now.\n", e.name(dir), len(e), marked)
	return nil
}
