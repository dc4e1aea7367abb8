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

The client reaches all %d operations of the [description](../api/openapi.yaml). The vendor publishes prose only,
so every operation says where it is known from: **documented** by the vendor (%d), **observed** in running
integrations (%d), or **inferred** from the conventions of the API (%d) and possibly wrong. The same goes for
filters; those without a word are observed. All sort keys are documented.

Where a method is named ` + "`X.List`, there is also an `X.All`, and an `X.ChangedSince`" + ` if the list can be sorted by its
updates. ` + "`Articles.Create.Material` stands for `Articles.Create`" + ` with that kind of article, and ` + "`Auth.Token`" + ` for
what the client does by itself.
`

// table is the whole document.
func table(operations []*conformance.Operation) []byte {
	var b bytes.Buffer
	count := map[conformance.Evidence]int{}
	for _, o := range operations {
		count[o.Evidence]++
	}
	fmt.Fprintf(&b, intro, len(operations), count[conformance.Documented], count[conformance.Observed], count[conformance.Inferred])

	for _, area := range []string{"Auth", "Core", "Admin"} {
		fmt.Fprintf(&b, "\n## %s\n\n", area)
		b.WriteString("| Operation | Go method | Evidence | Filters and values | Sort keys |\n")
		b.WriteString("|---|---|---|---|---|\n")
		for _, o := range operations {
			if o.Area() == area {
				fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s |\n", o, o.ID, o.Evidence, filters(o), code(o.SortKeys()))
			}
		}
	}

	b.WriteString("\n## Inferred operations\n\nNobody has been seen to call these. If one fails, its method or path may be what is wrong.\n\n")
	for _, o := range operations {
		if o.Evidence == conformance.Inferred {
			fmt.Fprintf(&b, "- `%s`: `%s`\n", o, o.ID)
		}
	}
	return b.Bytes()
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
