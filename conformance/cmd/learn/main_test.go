package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vismatid/tid/conformance"
)

const repository = "../../.."

// copyTree copies what this command reads and changes, and what the tests of the result need.
func copyTree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(repository, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name == ".git" || slices.Contains([]string{"api/node_modules", "bench", "cmd", "examples", "faults", "mirror", "moment", "release"}, name) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(root, name), 0o755)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(root, name), raw, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// seen is a report in which some of all paths and names have been seen.
func seen(t *testing.T, root string, some func() bool) string {
	t.Helper()
	spec, err := conformance.Load(filepath.Join(root, "api", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	r := map[string]any{}
	var operations []map[string]any
	for _, o := range spec.Operations() {
		result, names := "not tried", []string{}
		if some() {
			result = "works"
		}
		for _, name := range slices.Sorted(maps.Keys(o.Names)) {
			if some() {
				names = append(names, name)
			}
		}
		operations = append(operations, map[string]any{"operation": o.String(), "evidence": o.Evidence.Path, "result": result, "names": names})
	}
	r["findings"], r["operations"] = []any{}, operations
	return write(t, r)
}

func write(t *testing.T, r any) string {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func learn(t *testing.T, root, report string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(root, report, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// contents are all files below a directory.
func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		all[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWhatIsLearnedKeepsThePromises learns from reports that have seen anything between nothing and everything. The
// description, the client's own list and its comments agree afterwards, and nothing but evidence has changed.
func TestWhatIsLearnedKeepsThePromises(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the client anew")
	}
	root := copyTree(t)
	description := filepath.Join(root, "api", "openapi.yaml")
	before, err := os.ReadFile(description)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, share := range []float64{0.3, 1} { // the second learns on top of the first
		report := seen(t, root, func() bool { return rng.Float64() < share })
		if said := learn(t, root, report); strings.Contains(said, "Learned: 0 paths") {
			t.Errorf("%v of everything seen: %s", share, said)
		}
		once := contents(t, root)
		if said := learn(t, root, report); !strings.Contains(said, "Learned: 0 paths and 0 names") {
			t.Errorf("the same report again: %s", said)
		}
		if !maps.Equal(once, contents(t, root)) {
			t.Error("the same report changes something again")
		}

		test := exec.Command("go", "test", "-count=1", "-run",
			"TestCommentsMarkWhatIsInferred|TestOperationsHaveTheEvidence|TestCommentsNameTheOperation|TestHintsFollowTheEvidence|TestDescriptionKeepsItsPromises", ".")
		test.Dir = filepath.Join(root, "conformance")
		if text, err := test.CombinedOutput(); err != nil {
			t.Errorf("%v of everything seen: %v\n%s", share, err, text)
		}
		check := exec.Command("go", "run", "./cmd/coverage", "-check")
		check.Dir = test.Dir
		if text, err := check.CombinedOutput(); err != nil {
			t.Errorf("%v of everything seen: %v\n%s", share, err, text)
		}
	}

	after, err := os.ReadFile(description)
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.NewReplacer(inferred, observed, "names: documented}", "names: observed}")
	old, new := strings.Split(plain.Replace(string(before)), "\n"), strings.Split(plain.Replace(string(after)), "\n")
	if !slices.Equal(old, new) {
		t.Error("something else than evidence has changed in the description")
	}
	if left := strings.Count(string(after), "x-evidence: "+inferred); left > 5 { // in the answers to errors, which no report tells of
		t.Errorf("%d inferred names are left after everything was seen", left)
	}
}

func TestWhatThisCannotChangeIsSaid(t *testing.T) {
	root := copyTree(t)
	said := learn(t, root, write(t, map[string]any{
		"findings": []map[string]string{
			{"kind": "path-found", "operation": "GET /v1/Core/Logs", "name": "/v1/Core/LogEntries"},
			{"kind": "unknown-property", "operation": "GET /v1/Core/Contacts", "name": "creditLimit", "detail": "came with 5 of 5 objects"},
			{"kind": "filter-ignored", "operation": "GET /v1/Core/Logs", "name": "filter.from"},
		},
		"operations": []map[string]any{{"operation": "GET /v1/Core/Logs", "result": "moved", "names": []string{"answer items.text"}}},
		"writes":     []map[string]any{{"operation": "PUT /v1/Core/Contacts/{id}", "ignored": []string{"vatNumber"}}},
	}))
	for _, want := range []string{
		"0 paths and 1 names",
		`GET /v1/Core/Logs is at "/v1/Core/LogEntries"`, "api/openapi.yaml:", "operations.go:", "logs.go:", "tidtest/internal/tables/core.go:",
		"describe GET /v1/Core/Contacts creditLimit", "GET /v1/Core/Logs filter.from does nothing", "PUT /v1/Core/Contacts/{id} does not take vatNumber",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
}

func TestWhatIsNoReportIsRefused(t *testing.T) {
	for _, report := range []any{"text", map[string]any{"findings": []any{}}} {
		if err := run(repository, write(t, report), &bytes.Buffer{}); err == nil {
			t.Errorf("%v is taken for a report", report)
		}
	}
}
