// Command learn turns a report of "tid doctor" into evidence: what the report has seen on an account is observed from then on,
// in api/openapi.yaml, in operations.go and in the comments of the client. The same report teaches nothing twice. What it
// cannot change safely, such as a path that was found elsewhere, it says.
//
// Run it in the directory of its module, then commit what it has changed:
//
//	go run ./cmd/learn [-root ..] report.json
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vismatid/tid/conformance"
	"github.com/vismatid/tid/conformance/internal/output"
)

func main() {
	root := flag.String("root", "..", "the directory of the repository")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "one report is needed: go run ./cmd/learn report.json")
		os.Exit(2)
	}
	if err := run(*root, flag.Arg(0), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// report is what this command reads of one.
type report struct {
	Findings []struct {
		Kind, Operation, Name, Detail string
	}
	Operations []struct {
		Operation, Result string
		Names             []string
	}
	Writes []struct {
		Operation string
		Ignored   []string
	}
}

func run(root, file string, out io.Writer) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var r report
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("%s is no report of tid doctor: %w", file, err)
	}
	if len(r.Operations) == 0 {
		return fmt.Errorf("%s is no report of tid doctor: it has no operations", file)
	}

	description := filepath.Join(root, "api", "openapi.yaml")
	d, err := readDescription(description)
	if err != nil {
		return err
	}
	paths, names := d.learn(&r)
	files := output.Files{description: d.text()}
	if err := files.Write(); err != nil {
		return err
	}
	if err := weaken(description); err != nil {
		return err
	}
	if d, err = readDescription(description); err != nil {
		return err
	}
	if err := comments(root, d); err != nil {
		return err
	}
	if paths+names > 0 {
		coverage := exec.Command("go", "run", "./cmd/coverage")
		coverage.Dir = filepath.Join(root, "conformance")
		if text, err := coverage.CombinedOutput(); err != nil {
			return fmt.Errorf("docs/coverage.md: %w\n%s", err, text)
		}
	}
	fmt.Fprintf(out, "Learned: %d paths and %d names are observed now.\n", paths, names)
	byHand(root, &r, out)
	return nil
}

// weaken makes the evidence for the names of each operation the weakest of them.
func weaken(file string) error {
	spec, err := conformance.Load(file)
	if err != nil {
		return err
	}
	d, err := readDescription(file)
	if err != nil {
		return err
	}
	for _, o := range spec.Operations() {
		if weakest := o.Weakest(); weakest != "" && weakest != o.Evidence.Names {
			d.set(d.operation(o.String()).at("x-evidence", "names"), string(weakest))
		}
	}
	return output.Files{file: d.text()}.Write()
}

// byHand says what is left to do: everything that needs a name, a path or a decision.
func byHand(root string, r *report, out io.Writer) {
	for _, f := range r.Findings {
		what := strings.TrimSpace(f.Operation + " " + f.Name)
		switch f.Kind {
		case "path-found":
			_, old, _ := strings.Cut(f.Operation, " ")
			fmt.Fprintf(out, "By hand: %s is at %q. Change it, and x-evidence of its path to observed, in\n", f.Operation, f.Name)
			for _, place := range places(root, old) {
				fmt.Fprintf(out, "\t%s\n", place)
			}
		case "path-missing":
			fmt.Fprintf(out, "By hand: %s is nowhere: find out its path.\n", what)
		case "unknown-property":
			fmt.Fprintf(out, "By hand: describe %s; %s.\n", what, f.Detail)
		case "missing-property", "type-differs":
			fmt.Fprintf(out, "By hand: look into %s (%s): %s.\n", what, f.Kind, f.Detail)
		case "filter-ignored", "sort-ignored":
			fmt.Fprintf(out, "By hand: %s does nothing: find out its name, or remove it.\n", what)
		}
	}
	for _, w := range r.Writes {
		for _, name := range w.Ignored {
			fmt.Fprintf(out, "By hand: %s does not take %s: find out its name.\n", w.Operation, name)
		}
	}
}

// places are the lines that have a path, with or without a slash before it, and not as the beginning of a longer one.
func places(root, path string) []string {
	var found []string
	for _, pattern := range []string{"api/openapi.yaml", "*.go", "tidtest/*.go", "tidtest/internal/tables/*.go", "docs/*.md"} {
		files, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil || strings.HasSuffix(file, "coverage.md") {
				continue
			}
			for i, line := range strings.Split(string(raw), "\n") {
				if _, after, ok := strings.Cut(line, strings.TrimPrefix(path, "/")); ok && !strings.HasPrefix(after, "/") {
					name, _ := filepath.Rel(root, file)
					found = append(found, fmt.Sprintf("%s:%d", name, i+1))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}
