package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
		"| `GET /v1/Core/TaskBoards` | `TaskBoards.List` | documented | inferred | inferred, 1 of 39 | `query`, `projectId` (inferred) | `createdDate`, `updatedDate`, `name` |",
		"| `GET /v1/Admin/Users/{id}` | `Users.Get` | observed | observed | observed |  |  |",
		"| `POST /v1/Core/TimeReports` | `TimeReports.Create` | documented | observed | observed |  |  |",
		"- `GET /v1/Core/TaskBoards`: `TaskBoards.List`",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}

	if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	if run(spec, file, true) == nil {
		t.Error("a changed file passes the check")
	}
}
