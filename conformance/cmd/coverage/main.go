// Command coverage writes a table of all operations: the method that reaches
// each, how well it is known, its filters and sort keys.
//
// Run it in the directory of its module:
//
//	go run ./cmd/coverage [-check] [-spec ../api/openapi.yaml] [-out ../docs/coverage.md]
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/vismatid/tid/conformance"
	"github.com/vismatid/tid/conformance/internal/output"
)

func main() {
	spec := flag.String("spec", conformance.DefaultPath, "the description")
	out := flag.String("out", "../docs/coverage.md", "the file to write")
	check := flag.Bool("check", false, "write nothing, fail if the file is not as it would be written")
	flag.Parse()

	if err := run(*spec, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path, file string, check bool) error {
	spec, err := conformance.Load(path)
	if err != nil {
		return err
	}
	files := output.Files{file: table(spec.Operations())}
	if check {
		return files.Check()
	}
	return files.Write()
}

const intro = `# Coverage

<!-- Written by conformance/cmd/coverage from api/openapi.yaml. Do not edit. -->

The client reaches all %d operations of the [description](../api/openapi.yaml). The vendor publishes prose only, and
the text that was at hand breaks off inside "Create booking project": what comes after it is not known. So three things
are told apart, and each says where it is known from: **documented** by the vendor, **observed** in running
integrations, or **inferred** from the conventions of the API and possibly wrong.

| | documented | observed | inferred |
|---|---|---|---|
%s
The names of an operation are those of its parameters and of the properties that it sends and answers; its column has
the weakest evidence among them, and how many of them are inferred. Filters without a word are observed. All sort keys
are documented.

Where a method is named ` + "`X.List`, there is also an `X.All`, and an `X.ChangedSince` and an `X.Follow`" + ` if the list
can be sorted by its updates. ` + "`Articles.Create.Material` stands for `Articles.Create`" + ` with that kind of article, and ` + "`Auth.Token`" + ` for
what the client does by itself.
`

// table is the whole document.
func table(operations []*conformance.Operation) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, intro, len(operations), summary(operations))

	for _, area := range []string{"Auth", "Core", "Admin"} {
		fmt.Fprintf(&b, "\n## %s\n\n", area)
		b.WriteString("| Method and path | Go method | Operation | Path | Names | Filters and values | Sort keys |\n")
		b.WriteString("|---|---|---|---|---|---|---|\n")
		for _, o := range operations {
			if o.Area() == area {
				fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s | %s | %s |\n", o, o.ID,
					o.Evidence.Operation, o.Evidence.Path, names(o), filters(o), code(o.SortKeys()))
			}
		}
	}

	b.WriteString("\n## Inferred paths\n\nThe vendor names these operations, and they have not been seen in use. " +
		"If one answers 404, its method or path may be what is wrong.\n\n")
	for _, o := range operations {
		if o.Evidence.Path == conformance.Inferred {
			fmt.Fprintf(&b, "- `%s`: `%s`\n", o, o.ID)
		}
	}
	return b.Bytes()
}

// summary are the rows that count the operations by each kind of evidence.
func summary(operations []*conformance.Operation) string {
	var b strings.Builder
	for _, row := range []struct {
		of       string
		evidence func(conformance.OperationEvidence) conformance.Evidence
	}{
		{"operation", func(e conformance.OperationEvidence) conformance.Evidence { return e.Operation }},
		{"path", func(e conformance.OperationEvidence) conformance.Evidence { return e.Path }},
		{"names", func(e conformance.OperationEvidence) conformance.Evidence { return e.Names }},
	} {
		count := map[conformance.Evidence]int{}
		for _, o := range operations {
			count[row.evidence(o.Evidence)]++
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", row.of,
			count[conformance.Documented], count[conformance.Observed], count[conformance.Inferred])
	}
	return b.String()
}

func names(o *conformance.Operation) string {
	if o.Evidence.Names == conformance.Inferred {
		return fmt.Sprintf("inferred, %d of %d", o.Count(conformance.Inferred), len(o.Names))
	}
	return string(o.Evidence.Names)
}

func filters(o *conformance.Operation) string {
	var all []string
	for _, p := range o.Filters() {
		text := "`" + strings.TrimPrefix(p.Name, "filter.") + "`"
		if p.Evidence != conformance.Observed {
			text += " (" + string(p.Evidence) + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func code(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "`, `") + "`"
}
