package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vismatid/tid/conformance"
)

const spec = "../../../api/openapi.yaml"

func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "coverage.md")
	if run(spec, file, true) == nil {
		t.Error("a missing file passes the check")
	}
	if err := run(spec, file, false); err != nil {
		t.Fatal(err)
	}
	if err := run(spec, file, true); err != nil {
		t.Error(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	if n := strings.Count(text, "\n| `"); n != 90 {
		t.Errorf("%d rows, not 90", n)
	}
	for _, want := range []string{
		"| operation | 80 | 10 | 0 |",
		"| `GET /v1/Admin/Users/{id}` | `Users.Get` | observed | observed | observed |  |  |",
		"| `POST /v1/Core/TimeReports` | `TimeReports.Create` | documented | observed | observed |  |  |",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	all, err := conformance.Load(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all.Operations() { // which the description may learn more about
		inferred := o.Evidence.Path == conformance.Inferred
		if listed := strings.Contains(text, fmt.Sprintf("\n- `%s`: `%s`\n", o, o.ID)); listed != inferred {
			t.Errorf("%s: its path is %s; listed among the inferred ones: %t", o, o.Evidence.Path, listed)
		}
		for _, p := range o.Filters() {
			marked := fmt.Sprintf("`%s` (inferred)", strings.TrimPrefix(p.Name, "filter."))
			row := text[strings.Index(text, fmt.Sprintf("| `%s` |", o)):]
			row = row[:strings.Index(row, "\n")]
			if strings.Contains(row, marked) != (p.Evidence == conformance.Inferred) {
				t.Errorf("%s: %s is %s, and its row is %s", o, p.Name, p.Evidence, row)
			}
		}
	}

	if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	if run(spec, file, true) == nil {
		t.Error("a changed file passes the check")
	}
}
