package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/itchyny/gojq"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/cmd/tid/internal/output"
)

// sink is where rows go, as the flags of a command say.
type sink struct {
	app     *app
	schema  *description.Schema
	single  bool
	format  string
	dialect string
	columns []string
	jq      string
	file    string
}

func (a *app) newSink(cmd *cobra.Command, schema *description.Schema, single bool) *sink {
	s := &sink{app: a, schema: schema, single: single}
	flags := cmd.Flags()
	flags.StringVarP(&s.format, "output", "o", "", "the `format`: "+strings.Join(output.Formats(), ", ")+"; a table on a terminal, else jsonl")
	flags.StringVar(&s.dialect, "csv-dialect", "standard", "`standard`, or excel: semicolons, decimal commas, and a byte order mark, as Excel reads it in Sweden")
	flags.StringSliceVar(&s.columns, "columns", nil, "the `columns` to show, such as id,user.name,hours")
	flags.StringVar(&s.jq, "jq", "", "a jq `filter` for each row, such as 'select(.hours > 8) | .user.name'")
	flags.StringVarP(&s.file, "file", "f", "", "the `file` to write, whole or not at all; it is replaced if there is one")
	for flag, values := range map[string][]string{"output": output.Formats(), "csv-dialect": output.Dialects()} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // it has just been added
	}
	return s
}

// stream takes the rows of one command.
type stream struct {
	out      output.Writer
	query    *gojq.Code
	progress func(read, total int)
	rows     int

	buffer  *bufio.Writer
	flushed time.Time
}

// run opens the result, lets produce fill it, and ends it; name is that of a file which is written because a terminal
// cannot show the format.
func (s *sink) run(ctx context.Context, name string, produce func(context.Context, *stream) error) error {
	st := &stream{}
	if s.jq != "" {
		query, err := gojq.Parse(s.jq)
		if err != nil {
			return usage("--jq: %w", err)
		}
		if st.query, err = gojq.Compile(query); err != nil {
			return usage("--jq: %w", err)
		}
	}
	format, err := s.chosen()
	if err != nil {
		return err
	}
	file, screen := s.file, s.app.terminal(s.app.env.Stdout)
	if format == "xlsx" && file == "" && screen >= 0 {
		if file = name + ".xlsx"; name == "" {
			return usage("a terminal cannot show xlsx: --file names a file")
		}
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			return usage("%s is there already: --file %[1]s replaces it", file)
		}
	}
	write := func(w io.Writer) error {
		st.buffer = bufio.NewWriterSize(w, 1<<16)
		o := output.Options{Format: format, Dialect: s.dialect, Columns: s.columns, Schema: s.schema, Single: s.single && st.query == nil,
			Note: func(text string) { fmt.Fprintln(s.app.env.Stderr, "tid: "+text) }}
		if st.query != nil {
			o.Schema = nil // the filter makes rows of its own
		}
		if file == "" && screen >= 0 {
			if width, _, err := term.GetSize(screen); err == nil {
				o.Width = width
			}
		}
		var err error
		if st.out, err = output.New(st.buffer, o); err != nil {
			return err
		}
		st.progress = func(int, int) {}
		if !s.single && (file != "" || screen < 0) { // rows on the screen are progress enough
			shown := s.app.progress(name)
			defer shown.end()
			st.progress = shown.set
		}
		err = produce(ctx, st)
		if err != nil {
			output.Discard(st.out)
			_ = st.buffer.Flush() // the rows that came are shown where a pipe or a terminal takes them
			return err
		}
		if err := st.out.Close(); err != nil {
			return err
		}
		return st.buffer.Flush()
	}
	if file == "" {
		return write(s.app.env.Stdout)
	}
	if err := writeFile(file, write); err != nil {
		return err
	}
	fmt.Fprintf(s.app.env.Stderr, "%s: %s\n", file, counted(st.rows, "row"))
	return nil
}

// chosen is the format: the one that was asked for, that of the file's name, or what suits the place.
func (s *sink) chosen() (string, error) {
	if s.dialect != "standard" && s.dialect != "excel" {
		return "", usage("--csv-dialect is standard or excel, not %q", s.dialect)
	}
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(s.file), "."))
	switch {
	case s.format != "":
		if slices.Contains(output.Formats(), s.format) {
			return s.format, nil
		}
		return "", usage("--output is one of %s, not %q", strings.Join(output.Formats(), ", "), s.format)
	case ending == "yml":
		return "yaml", nil
	case ending != "":
		if slices.Contains(output.Formats(), ending) {
			return ending, nil
		}
		return "", usage("no format is known by the ending of %s: -o names one of %s", s.file, strings.Join(output.Formats(), ", "))
	}
	switch {
	case s.file == "" && s.app.terminal(s.app.env.Stdout) >= 0:
		return "table", nil
	case s.single && s.jq == "":
		return "json", nil
	}
	return "jsonl", nil
}

// eager is how long a row may wait for those after it.
const eager = 200 * time.Millisecond

func (st *stream) write(ctx context.Context, row json.RawMessage) error {
	if err := st.put(ctx, row); err != nil {
		return err
	}
	if time.Since(st.flushed) < eager {
		return nil
	}
	st.flushed = time.Now()
	return st.buffer.Flush()
}

// put writes a row, or what the filter makes of it.
func (st *stream) put(ctx context.Context, row json.RawMessage) error {
	if st.query == nil {
		st.rows++
		return st.out.Write(row)
	}
	in, err := decoded(row)
	if err != nil {
		return err
	}
	results := st.query.RunWithContext(ctx, in)
	for {
		v, ok := results.Next()
		if !ok {
			return nil
		}
		if err, ok := v.(error); ok {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return usage("--jq: %w", err)
		}
		text, err := gojq.Marshal(v)
		if err != nil {
			return err
		}
		st.rows++
		if err := st.out.Write(text); err != nil {
			return err
		}
	}
}

// decoded reads a row for a filter: numbers stay as they are written, unless the filter reckons with them.
func decoded(row json.RawMessage) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(row)))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// writeFile writes a file whole or not at all.
func writeFile(name string, write func(io.Writer) error) error {
	before, absent := os.Stat(name)
	if absent == nil && !before.Mode().IsRegular() {
		return usage("%s is not a file", name)
	}
	part, err := os.OpenFile(filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%x.part", filepath.Base(name), rand.Uint64())), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer os.Remove(part.Name()) // in vain when it has its name
	if absent == nil {
		err = part.Chmod(before.Mode().Perm())
	}
	if err == nil {
		err = write(part)
	}
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), name)
}
