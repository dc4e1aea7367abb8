// Command golden writes an example of every response type of the description,
// once with every property set and once with every property null that can be.
//
// Run it in the directory of its module:
//
//	go run ./cmd/golden [-check] [-spec ../api/openapi.yaml] [-out ../testdata/golden]
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vismatid/tid/conformance"
	"github.com/vismatid/tid/conformance/internal/output"
)

func main() {
	spec := flag.String("spec", conformance.DefaultPath, "the description")
	out := flag.String("out", "../testdata/golden", "the directory to write to")
	check := flag.Bool("check", false, "write nothing, fail if a file is not as it would be written")
	flag.Parse()

	if err := run(*spec, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path, dir string, check bool) error {
	spec, err := conformance.Load(path)
	if err != nil {
		return err
	}
	files := output.Files{}
	present, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, stale := range present {
		files[stale] = nil
	}
	for _, name := range spec.ResponseTypes() {
		files[filepath.Join(dir, name+".json")] = spec.Example(name, false)
		files[filepath.Join(dir, name+".null.json")] = spec.Example(name, true)
	}
	if check {
		return files.Check()
	}
	return files.Write()
}
