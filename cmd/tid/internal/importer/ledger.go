package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/vismatid/tid"
)

// ErrBusy is a ledger that another run is writing to.
var ErrBusy = errors.New("another run is using it")

// ErrAccount is a ledger of another account.
var ErrAccount = errors.New("the ledger is of another account")

// version is that of the ledgers that are written.
const version = 1

// The kinds of entries.
const (
	kindHeader  = "header"  // the account that the ledger is for; more of them are other credentials of it
	kindBefore  = "before"  // the reports that a user has on a day
	kindIntent  = "intent"  // a line is about to be sent
	kindCreated = "created" // it is there
	kindRefused = "refused" // the API does not take it
	kindUnsent  = "unsent"  // it is not there: the request did not arrive, or nothing of it was found
)

// entry is one line of a ledger, in JSON.
type entry struct {
	Kind string    `json:"kind"`
	Time time.Time `json:"time"`

	Version int    `json:"version,omitzero"` // header
	Account string `json:"account,omitzero"` // header
	Address string `json:"address,omitzero"` // header

	User int64    `json:"user,omitzero"` // before
	Date tid.Date `json:"date,omitzero"` // before
	IDs  []int64  `json:"ids,omitzero"`  // before

	*Key
	Line   int               `json:"line,omitzero"`   // intent
	Report map[string]string `json:"report,omitzero"` // intent
	ID     int64             `json:"id,omitzero"`     // created; 0 where the API did not tell it
	Found  bool              `json:"found,omitzero"`  // created; it was looked for
	Text   string            `json:"text,omitzero"`   // refused
}

// record is what a ledger knows of a line.
type record struct {
	Key
	line   int // in the file as it was then
	report *tid.TimeReportInput
	kind   string         // of the last entry
	before map[int64]bool // the reports that were there before its last intent
	id     int64
}

// Ledger remembers what has been created. It has an intent before each request and a result after it, so that at any moment the
// outcome of one line at most is unknown. That line is looked for among the reports of its user and day: those that were there
// before the intent, and those that the ledger knows, are not it. The zero value remembers nothing and cannot be written.
type Ledger struct {
	file     ledgerFile
	now      func() time.Time
	accounts map[string]string // the addresses by account
	lines    map[Key]*record
	order    []*record
	ours     map[int64]bool // the reports that were created
	before   map[day]map[int64]bool
}

// Account tells accounts apart: by the address of the API, and the id of the application or the static token, of which a
// hash alone goes into a ledger.
type Account struct{ Address, Credential string }

func (a Account) hash() string {
	sum := sha256.Sum256([]byte("tid ledger\n" + a.Address + "\n" + a.Credential))
	return hex.EncodeToString(sum[:8])
}

// ledgerFile is the file of a ledger. It is opened to append, and locked until it is closed.
type ledgerFile interface {
	io.ReadWriteCloser
	io.Seeker
	Truncate(size int64) error
	Sync() error
}

// ReadLedger reads a ledger without writing to it; one that is not there is empty.
func ReadLedger(name string, account Account, same bool) (*Ledger, error) {
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l := newLedger()
	if _, err := l.load(text); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, l.check(name, account, same)
}

// OpenLedger opens a ledger to write, and makes it where there is none. ErrBusy when another run has it open; ErrAccount when
// it is of another account, unless same says that these are other credentials of one account.
func OpenLedger(name string, account Account, same bool) (*Ledger, error) {
	file, err := openLocked(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	l, err := openLedger(file, name, account, same)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := syncDir(filepath.Dir(name)); err != nil { // the file may be new
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func openLedger(file ledgerFile, name string, account Account, same bool) (*Ledger, error) {
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	l := newLedger()
	whole, err := l.load(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := l.check(name, account, same); err != nil {
		return nil, err
	}
	l.file = file
	if whole < len(text) { // a run was killed while it wrote this entry: nothing has followed from it
		_, err := file.Seek(int64(whole), io.SeekStart)
		if err := errors.Join(err, file.Truncate(int64(whole)), file.Sync()); err != nil {
			return nil, err
		}
	}
	if l.accounts[account.hash()] == "" {
		return l, l.write(entry{Kind: kindHeader, Version: version, Account: account.hash(), Address: account.Address})
	}
	return l, nil
}

func newLedger() *Ledger {
	return &Ledger{now: time.Now, accounts: map[string]string{}, lines: map[Key]*record{}, ours: map[int64]bool{}, before: map[day]map[int64]bool{}}
}

// Close lets go of the ledger.
func (l *Ledger) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// load applies the entries of a ledger, and returns how much of it is whole.
func (l *Ledger) load(text []byte) (whole int, err error) {
	for n := 1; ; n++ {
		line, _, ended := bytes.Cut(text[whole:], []byte("\n"))
		if !ended {
			return whole, nil // cut off, or nothing
		}
		var e entry
		err := json.Unmarshal(line, &e)
		if err == nil {
			err = l.apply(e, n == 1)
		}
		last := whole+len(line)+1 == len(text)
		if err != nil && last && !json.Valid(line) {
			return whole, nil // as a machine that lost power can leave it
		}
		if err != nil {
			return 0, fmt.Errorf("line %d of the ledger cannot be read: %w", n, err)
		}
		whole += len(line) + 1
	}
}

// apply is what an entry says.
func (l *Ledger) apply(e entry, first bool) error {
	if first != (e.Kind == kindHeader) && (first || len(l.accounts) == 0) {
		return errors.New("it does not begin as a ledger does")
	}
	switch e.Kind {
	case kindHeader:
		if e.Version != version {
			return fmt.Errorf("it is of version %d, and this program knows version %d", e.Version, version)
		}
		l.accounts[e.Account] = e.Address
		return nil
	case kindBefore:
		ids := map[int64]bool{}
		for _, id := range e.IDs {
			ids[id] = true
		}
		l.before[day{e.User, e.Date}] = ids
		return nil
	}
	if e.Key == nil {
		return fmt.Errorf("an entry of the kind %q has no line", e.Kind)
	}
	r := l.lines[*e.Key]
	if e.Kind == kindIntent {
		report, err := spelled(e.Report)
		if err != nil {
			return err
		}
		if r == nil {
			r = &record{Key: *e.Key}
			l.lines[r.Key] = r
			l.order = append(l.order, r)
		}
		r.line, r.report, r.before = e.Line, report, l.before[dayOf(report)]
	}
	switch {
	case r == nil:
		return errors.New("a line has an outcome that was never sent")
	case e.Kind == kindCreated:
		r.id = e.ID
		if e.ID != 0 {
			l.ours[e.ID] = true
		}
	case e.Kind != kindIntent && e.Kind != kindRefused && e.Kind != kindUnsent:
		return fmt.Errorf("there is no kind %q", e.Kind)
	}
	r.kind = e.Kind
	return nil
}

// check refuses a ledger of another account.
func (l *Ledger) check(name string, account Account, same bool) error {
	if len(l.accounts) == 0 || same || l.accounts[account.hash()] != "" {
		return nil
	}
	var addresses []string
	for _, address := range l.accounts {
		addresses = append(addresses, address)
	}
	slices.Sort(addresses)
	return fmt.Errorf("%s: %w, or of other credentials, at %s: --same-account says that it is the same account all the same, --ledger names another ledger",
		name, ErrAccount, strings.Join(slices.Compact(addresses), ", "))
}

// write appends an entry, and returns when it is on the disk.
func (l *Ledger) write(e entry) error {
	e.Time = l.now().UTC().Truncate(time.Second)
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("the ledger cannot be written: %w", err)
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("the ledger cannot be written: %w", err)
	}
	return l.apply(e, len(l.accounts) == 0)
}

// IsCreated reports whether a line has been created.
func (l *Ledger) IsCreated(k Key) bool {
	r := l.lines[k]
	return r != nil && r.kind == kindCreated
}

// uncertain are the lines whose outcome is unknown.
func (l *Ledger) uncertain() []*record {
	var open []*record
	for _, r := range l.order {
		if r.kind == kindIntent {
			open = append(open, r)
		}
	}
	return open
}

// Uncertain tells of the lines whose outcome is unknown, by their numbers when they were sent.
func (l *Ledger) Uncertain() []Note {
	var notes []Note
	for _, r := range l.uncertain() {
		notes = append(notes, Note{r.line, "it may have been created: " + describe(r.report)})
	}
	return notes
}

// Gone tells of the lines that were created and that the file has no more, by their numbers when they were sent.
func (l *Ledger) Gone(lines []Line) []Note {
	there := map[Key]bool{}
	for _, line := range lines {
		there[line.Key] = true
	}
	var notes []Note
	for _, r := range l.order {
		if r.kind == kindCreated && !there[r.Key] {
			text := describe(r.report)
			if r.id != 0 {
				text += fmt.Sprintf(", time report %d", r.id)
			}
			notes = append(notes, Note{r.line, text})
		}
	}
	return notes
}

// Created counts the lines that have been created.
func (l *Ledger) Created(lines []Line) (n int) {
	for _, line := range lines {
		if l.IsCreated(line.Key) {
			n++
		}
	}
	return n
}

// describe names a report without its comments.
func describe(in *tid.TimeReportInput) string {
	text := fmt.Sprintf("user %d on %s", in.UserID, in.Date)
	if !in.Hours.IsZero() {
		text += fmt.Sprintf(", %s hours", in.Hours)
	}
	return text
}

// syncDir makes sure that a file which is new in a directory stays there.
func syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil // there is no such thing
	}
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
