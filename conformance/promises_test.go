package conformance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryPromiseNamesATestThatExists holds the tables of promises against the test
// files of all modules: each row names at least one test, and each test is there.
func TestEveryPromiseNamesATestThatExists(t *testing.T) {
	tests := testFunctions(t, "..")
	for _, document := range []string{"../docs/promises.md", "../docs/security.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		rows, wrong := brokenPromises(string(text), tests)
		if rows == 0 {
			t.Errorf("%s has no table", document)
		}
		for _, what := range wrong {
			t.Errorf("%s: %s", document, what)
		}
	}
}

func TestAPromiseWithoutATestIsFound(t *testing.T) {
	tests := map[string]bool{"TestA": true, "FuzzB": true}
	for text, want := range map[string]string{
		"| It works. | `TestA`, `FuzzB` |":            "",
		"| It works. | doc.go | `TestA` |":            "",
		"| promise | where it is tested |\n|---|---|": "",
		"| It `TestC` works. | `TestC` |":             "TestC, of \"It `TestC` works.\", is no test of this repository",
		"| It works. | `TestA`, `FuzzC` |":            "FuzzC, of \"It works.\", is no test of this repository",
		"| It works. | doc.go | |":                    "\"It works.\" names no test",
		"| It works. | `a_test.go` |":                 "\"It works.\" names no test",
	} {
		_, wrong := brokenPromises(text, tests)
		if got := strings.Join(wrong, "\n"); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

var testName = regexp.MustCompile("`((?:Test|Fuzz|Example)\\w*)`")

// brokenPromises counts the rows of the tables in a document whose first column is a
// promise, and lists what is wrong with the tests in their last column.
func brokenPromises(text string, tests map[string]bool) (rows int, wrong []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| promise |") {
			continue
		}
		rows++
		columns := strings.Split(strings.Trim(line, "|"), "|")
		promise, last := strings.TrimSpace(columns[0]), columns[len(columns)-1]
		names := testName.FindAllStringSubmatch(last, -1)
		if len(names) == 0 {
			wrong = append(wrong, fmt.Sprintf("%q names no test", promise))
		}
		for _, name := range names {
			if !tests[name[1]] {
				wrong = append(wrong, fmt.Sprintf("%s, of %q, is no test of this repository", name[1], promise))
			}
		}
	}
	return rows, wrong
}

// testFunctions are the tests, fuzz targets and examples below a folder.
func testFunctions(t *testing.T, folder string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !testName.MatchString("`"+f.Name.Name+"`") {
				continue
			}
			found[f.Name.Name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
