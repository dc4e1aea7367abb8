package demo_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/examples/demo/demotest"
	"github.com/vismatid/tid/tidtest"
)

func TestCode(t *testing.T) {
	oops := errors.New("oops")
	for name, c := range map[string]struct {
		err  error
		code int
		says string
	}{
		"done":                   {nil, 0, ""},
		"help":                   {flag.ErrHelp, 0, ""},
		"help with a status":     {demo.Status{Code: 2, Err: flag.ErrHelp}, 0, ""},
		"error":                  {oops, 1, "oops"},
		"wrapped":                {fmt.Errorf("so: %w", oops), 1, "so: oops"},
		"several lines":          {errors.Join(oops, oops), 1, "oops oops"},
		"status":                 {demo.Status{Code: 3, Err: oops}, 3, "oops"},
		"status without a word":  {demo.Status{Code: 2}, 2, ""},
		"interrupted":            {fmt.Errorf("reading: %w", context.Canceled), 1, "interrupted"},
		"interrupted and status": {demo.Status{Code: 3, Err: context.Canceled}, 3, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			assert.Equal(t, c.code, demo.Code(c.err, &stderr))
			if c.says != "" {
				c.says = filepath.Base(os.Args[0]) + ": " + c.says + "\n"
			}
			assert.Equal(t, c.says, stderr.String())
		})
	}
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		err    string
		stdout string
	}{
		"nothing":         {nil, "", ""},
		"a flag":          {[]string{"-n", "3"}, "", ""},
		"help":            {[]string{"-h"}, flag.ErrHelp.Error(), "It counts."},
		"unknown":         {[]string{"-x"}, "flag provided but not defined: -x", ""},
		"wrong value":     {[]string{"-n", "x"}, `invalid value "x" for flag -n: parse error`, ""},
		"a word too many": {[]string{"-n", "3", "more"}, `unexpected argument "more"; -h explains`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			flags := demo.Flags("count", "It counts.")
			flags.Int("n", 1, "how `far`")
			var stdout bytes.Buffer
			err := demo.Parse(flags, c.args, &stdout)
			if c.err == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, c.err)
			}
			if c.stdout == "" {
				assert.Empty(t, stdout.String())
			} else {
				assert.Contains(t, stdout.String(), c.stdout)
				assert.Contains(t, stdout.String(), "-n far\n")
			}
		})
	}
}

func TestOpen(t *testing.T) {
	none := func() *tidtest.Company { panic("there is an account") }
	t.Run("an account", func(t *testing.T) {
		srv := demotest.Server(t)
		var note bytes.Buffer
		client, done, err := demo.Open(&note, none)
		require.NoError(t, err)
		defer done()
		_, err = client.Users.List(t.Context(), nil)
		require.NoError(t, err)
		assert.Empty(t, note.String())
		assert.NotEmpty(t, srv.Requests())
	})
	for _, name := range []string{"APP_ID", "APP_SECRET", "BASE_URL"} {
		t.Run("an incomplete account: "+name, func(t *testing.T) {
			demotest.NoAccount(t)
			t.Setenv("VISMATID_"+name, "https://tid.example")
			_, _, err := demo.Open(io.Discard, none)
			assert.ErrorContains(t, err, "VISMATID_", "a mistake must not end on the fake server")
		})
	}
	t.Run("no account", func(t *testing.T) {
		demotest.NoAccount(t)
		synctest.Test(t, func(t *testing.T) {
			var note bytes.Buffer
			client, done, err := demo.Open(&note, func() *tidtest.Company { return tidtest.Sample(1, 3) })
			require.NoError(t, err)
			defer done()
			assert.Equal(t, "No VISMATID_ variables are set: this is a made-up company on a fake server.\n", note.String())
			users, err := client.Users.List(t.Context(), nil)
			require.NoError(t, err)
			assert.Len(t, users.Items, 3)
		})
	})
}

func TestIsTerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	defer file.Close()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	for name, out := range map[string]io.Writer{"buffer": new(bytes.Buffer), "file": file, "pipe": w} {
		assert.False(t, demo.IsTerminal(out), name)
	}
	require.NoError(t, file.Close())
	assert.False(t, demo.IsTerminal(file), "closed")
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	demo.Table(&out, [][]string{{"Who", "Hours", ""}, {"Åsa Öberg", "7.50", "x"}, {"Bo", "101.25"}, {}})
	assert.Equal(t, ""+
		"Who         Hours\n"+
		"Åsa Öberg    7.50  x\n"+
		"Bo         101.25\n"+
		"\n", out.String())
}

func TestWriteFile(t *testing.T) {
	says := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	fails := func(w io.Writer) error { _ = says("half")(w); return errors.New("no more") }
	unasked := func(io.Writer) error { panic("nothing can be written") }

	for name, c := range map[string]struct {
		file  string
		write func(io.Writer) error
		err   string
		left  map[string]string
	}{
		"new":                 {"new", says("text"), "", map[string]string{"old": "before", "new": "text"}},
		"replaced":            {"old", says("text"), "", map[string]string{"old": "text"}},
		"fails":               {"new", fails, "no more", map[string]string{"old": "before"}},
		"fails to replace":    {"old", fails, "no more", map[string]string{"old": "before"}},
		"no directory":        {"no/new", unasked, "no/new: no such file or directory", map[string]string{"old": "before"}},
		"a file as directory": {"old/new", unasked, "old/new: not a directory", map[string]string{"old": "before"}},
		"a directory":         {".", unasked, "it is not a regular file", map[string]string{"old": "before"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "old"), []byte("before"), 0o600))
			err := demo.WriteFile(dir+"/"+c.file, c.write)
			if c.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.err)
			}
			assert.Equal(t, c.left, demotest.Files(t, dir))
		})
	}
}

func TestRename(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/a", []byte("text"), 0o600))
	require.NoError(t, demo.Rename(dir+"/a", dir+"/b"))
	assert.Equal(t, map[string]string{"b": "text"}, demotest.Files(t, dir))
	assert.ErrorIs(t, demo.Rename(dir+"/a", dir+"/b"), os.ErrNotExist)
}
