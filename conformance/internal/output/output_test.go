package output

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckNamesWhatWriteRepairs(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{"old": "x", "stale": "x", "same": "x"} {
		if err := os.WriteFile(at(name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files := Files{at("old"): []byte("y"), at("stale"): nil, at("same"): []byte("x"), at("sub/new"): []byte("z"), at("never"): nil}

	err := files.Check()
	if err == nil {
		t.Fatal("Check found nothing")
	}
	for _, want := range []string{"old: out of date", "stale: nothing generates it", "new: missing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Check does not say %q: %v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "\n"); n != 2 {
		t.Errorf("Check says more than three things: %v", err)
	}

	if err := files.Write(); err != nil {
		t.Fatal(err)
	}
	if err := files.Check(); err != nil {
		t.Errorf("after Write: %v", err)
	}
}
