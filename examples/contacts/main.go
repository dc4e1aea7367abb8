// Contacts brings contacts from a CSV file into the account. They are matched by
// customer number: new ones are created, others changed where they differ.
//
//	go run ./examples/contacts -file contacts.csv -dry-run
//
// A line that is wrong is reported, and the others are done all the same; the exit
// status is then 1. Running it again does what is left, and changes nothing twice.
//
// It works on the account that the VISMATID_ variables name; without them, on a
// made-up company on a fake server, with a file that comes along.
package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/tidtest"
)

func main() { demo.Main(run) }

//go:embed contacts.csv
var sample []byte

const about = `Contacts brings contacts from a CSV file into the account, matched by customer
number. The first line of the file names its columns, in any order: customerNumber
and any of contactType (company or person), name, organizationNumber, email,
invoiceEmail, phone, cellPhone, website, vatNumber, street, postalCode and city,
the last three of the postal address. An empty cell empties the property of the
contact; what the file has no column for stays as it is.`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := demo.Flags("contacts", about)
	name := flags.String("file", "", "the `file` to read (on the fake server: one that comes along)")
	dryRun := flags.Bool("dry-run", false, "tell what would be done, and change nothing")
	if err := demo.Parse(flags, args, stdout); err != nil {
		return err
	}
	content, err := sample, error(nil)
	switch {
	case *name != "":
		content, err = os.ReadFile(*name)
	case demo.HasAccount():
		err = errors.New("name the file to read with -file")
	}
	if err != nil {
		return err
	}
	lines, err := parse(content)
	if err != nil {
		return err
	}
	client, done, err := demo.Open(stdout, func() *tidtest.Company { return tidtest.Sample(1, 12) })
	if err != nil {
		return err
	}
	defer done()
	job := job{contacts: client.Contacts, dryRun: *dryRun, stdout: stdout, lineOf: make(map[string]int)}
	if job.known, err = known(ctx, client); err != nil {
		return err
	}
	defer func() { job.summary(len(lines)) }()
	for _, line := range lines {
		err := line.err
		if err == nil {
			err = job.bring(ctx, line)
		}
		if isFatal(err) {
			return fmt.Errorf("stopped at line %d: %w", line.number, err)
		}
		if err != nil {
			job.failed++
			fmt.Fprintf(stderr, "line %d: %s\n", line.number, err)
		}
	}
	if job.failed > 0 {
		return demo.Status{Code: 1}
	}
	return nil
}

// isFatal reports an error that the next line would meet as well: all that the
// account answers, but for what it says of this contact.
func isFatal(err error) bool {
	var answer *tid.Error
	return errors.As(err, &answer) && !errors.Is(err, tid.ErrBadRequest) && !errors.Is(err, tid.ErrInvalidInput)
}

// known reads the contacts of the account, by their customer numbers.
func known(ctx context.Context, client *tid.Client) (map[string][]*tid.ContactSummary, error) {
	byNumber := make(map[string][]*tid.ContactSummary)
	for contact, err := range client.Contacts.All(ctx, nil) {
		if err != nil {
			return nil, err
		}
		byNumber[contact.CustomerNumber] = append(byNumber[contact.CustomerNumber], contact)
	}
	return byNumber, nil
}

// job brings lines into the account, and counts what it has done.
type job struct {
	contacts *tid.ContactsService
	known    map[string][]*tid.ContactSummary
	lineOf   map[string]int // the line of each customer number
	dryRun   bool
	stdout   io.Writer

	created, changed, unchanged, failed int
}

// bring creates or changes the contact of a line, or leaves it as it is.
func (j *job) bring(ctx context.Context, line line) error {
	number := line.cells["customerNumber"]
	if number == "" {
		return errors.New("customerNumber is missing")
	}
	if earlier := j.lineOf[number]; earlier != 0 {
		return fmt.Errorf("customerNumber %s is on line %d already", number, earlier)
	}
	j.lineOf[number] = line.number
	switch found := j.known[number]; len(found) {
	case 0:
		return j.create(ctx, line)
	case 1:
		return j.change(ctx, line, found[0])
	default:
		return fmt.Errorf("customerNumber %s belongs to %d contacts", number, len(found))
	}
}

func (j *job) create(ctx context.Context, line line) error {
	in := &tid.ContactInput{IsActive: tid.Set(true)}
	line.apply(in)
	if err := check(in); err != nil {
		return err
	}
	if !j.dryRun {
		if _, err := j.contacts.Create(ctx, in); err != nil {
			return err
		}
	}
	j.created++
	j.say(line, "create", "created", in)
	return nil
}

var errUnchanged = errors.New("nothing to change")

func (j *job) change(ctx context.Context, line line, contact *tid.ContactSummary) error {
	var changes []string
	edit := func(in *tid.ContactInput) error {
		if changes = line.apply(in); len(changes) == 0 {
			return errUnchanged
		}
		return check(in)
	}
	in := (&tid.Contact{ContactSummary: *contact}).Input()
	err := edit(in)
	if err == nil && !j.dryRun {
		// A PUT replaces the whole contact. Modify reads all of it, and edit finds
		// what still differs: without a difference there is no PUT.
		_, err = j.contacts.Modify(ctx, contact.ID, edit)
	}
	switch {
	case errors.Is(err, errUnchanged):
		j.unchanged++
		return nil
	case err != nil:
		return err
	}
	j.changed++
	j.say(line, "change", "changed", in, changes...)
	return nil
}

// check finds what is wrong with a contact before the API has to.
func check(in *tid.ContactInput) error {
	switch {
	case in.Name == "":
		return errors.New("name is missing")
	case in.ContactType != tid.ContactCompany && in.ContactType != tid.ContactPerson:
		return fmt.Errorf("contactType must be company or person, not %q", in.ContactType)
	}
	return nil
}

func (j *job) say(line line, would, did string, in *tid.ContactInput, changes ...string) {
	if j.dryRun {
		did = "would " + would
	}
	text := fmt.Sprintf("line %d: %s %s %s", line.number, did, in.CustomerNumber, in.Name)
	if len(changes) > 0 {
		text += ": " + strings.Join(changes, ", ")
	}
	fmt.Fprintln(j.stdout, text)
}

func (j *job) summary(lines int) {
	dry := ""
	if j.dryRun {
		dry = " (nothing has been written)"
	}
	fmt.Fprintf(j.stdout, "%d lines: %d created, %d changed, %d unchanged, %d failed%s\n",
		lines, j.created, j.changed, j.unchanged, j.failed, dry)
}

// column is one of a file, and what it is of a contact.
type column struct {
	name string
	of   func(*tid.ContactInput) *string
}

// columns are those that a file can have.
var columns = []column{
	{"customerNumber", func(in *tid.ContactInput) *string { return &in.CustomerNumber }},
	{"contactType", func(in *tid.ContactInput) *string { return (*string)(&in.ContactType) }},
	{"name", func(in *tid.ContactInput) *string { return &in.Name }},
	{"organizationNumber", func(in *tid.ContactInput) *string { return &in.OrganizationalOrSocialSecurityNumber }},
	{"email", func(in *tid.ContactInput) *string { return &in.Email }},
	{"invoiceEmail", func(in *tid.ContactInput) *string { return &in.InvoiceEmail }},
	{"phone", func(in *tid.ContactInput) *string { return &in.PhoneNumber }},
	{"cellPhone", func(in *tid.ContactInput) *string { return &in.CellPhoneNumber }},
	{"website", func(in *tid.ContactInput) *string { return &in.Website }},
	{"vatNumber", func(in *tid.ContactInput) *string { return &in.VATNumber }},
	{"street", func(in *tid.ContactInput) *string { return &in.PostalAddress.StreetAddress }},
	{"postalCode", func(in *tid.ContactInput) *string { return &in.PostalAddress.PostalCode }},
	{"city", func(in *tid.ContactInput) *string { return &in.PostalAddress.City }},
}

// line is one line of a file: its cells by column, or what is wrong with it.
type line struct {
	number int
	cells  map[string]string
	err    error
}

// apply puts the cells into a contact, and tells what that has changed.
func (l line) apply(in *tid.ContactInput) (changes []string) {
	if in.PostalAddress == nil {
		in.PostalAddress = new(tid.Address)
	}
	for _, column := range columns {
		value, given := l.cells[column.name]
		if now := column.of(in); given && *now != value {
			changes = append(changes, fmt.Sprintf("%s %q → %q", column.name, *now, value))
			*now = value
		}
	}
	if *in.PostalAddress == (tid.Address{}) {
		in.PostalAddress = nil
	}
	return changes
}

// parse reads a file: UTF-8, with commas or, as spreadsheets of some countries
// have it, semicolons between the cells.
func parse(content []byte) ([]line, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(content))
	r.FieldsPerRecord = -1
	if first, _, _ := bytes.Cut(content, []byte("\n")); bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';'
	}
	names, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", cmp.Or(errors.Unwrap(err), err))
	}
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		if slices.IndexFunc(columns, func(c column) bool { return c.name == names[i] }) < 0 {
			return nil, fmt.Errorf("line 1: there is no column %q; -h lists them", names[i])
		}
		if slices.Contains(names[:i], names[i]) {
			return nil, fmt.Errorf("line 1: the column %s is there twice", names[i])
		}
	}
	if !slices.Contains(names, "customerNumber") {
		return nil, errors.New("line 1: there is no column customerNumber")
	}
	var lines []line
	for {
		cells, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return lines, nil
		case errors.As(err, &wrong):
			lines = append(lines, line{number: wrong.StartLine, err: wrong.Err})
			continue
		case err != nil:
			return nil, err
		}
		if strings.Join(cells, "") == "" {
			continue // as spreadsheets leave behind
		}
		number, _ := r.FieldPos(0)
		lines = append(lines, newLine(number, names, cells))
	}
}

func newLine(number int, names, cells []string) line {
	if len(cells) != len(names) {
		return line{number: number, err: fmt.Errorf("it has %d cells, and line 1 has %d", len(cells), len(names))}
	}
	l := line{number: number, cells: make(map[string]string, len(names))}
	for i, name := range names {
		l.cells[name] = strings.TrimSpace(cells[i])
		if !utf8.ValidString(cells[i]) {
			l.err = fmt.Errorf("%s is not UTF-8", name)
		}
	}
	if kind, ok := l.cells["contactType"]; ok {
		l.cells["contactType"] = strings.ToLower(kind)
	}
	return l
}
