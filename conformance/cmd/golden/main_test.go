package main

import (
	"os"
	"path/filepath"
	"testing"
)

const spec = "../../../api/openapi.yaml"

func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "golden")
	if run(spec, dir, true) == nil {
		t.Error("an empty directory passes the check")
	}
	if err := run(spec, dir, false); err != nil {
		t.Fatal(err)
	}
	if err := run(spec, dir, true); err != nil {
		t.Error(err)
	}

	extra := filepath.Join(dir, "Extra.json")
	if err := os.WriteFile(extra, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if run(spec, dir, true) == nil {
		t.Error("a file of no type passes the check")
	}
	if err := run(spec, dir, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(extra); err == nil {
		t.Error("a file of no type survives")
	}
}
