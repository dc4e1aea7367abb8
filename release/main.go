// Command release makes this tree fit to be published: its modules as users get them, without replace directives.
//
//	go run . prepare v0.2.0         writes the go.mod of each nested module for the release
//	go run . proxy v0.2.0 DIR       builds a file proxy of all modules in DIR, and changes nothing in the tree
//
// docs/releasing.md tells when to use which.
package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	modzip "golang.org/x/mod/zip"
)

// root is the path of the root module.
const root = "github.com/vismatid/tid"

// published are the directories of the modules that users get, those that others need first.
var published = []string{".", "mirror", "tidredis", "cmd/tid"}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release: "+err.Error())
		os.Exit(1)
	}
}

func run(args []string) error {
	tree, err := top()
	if err != nil {
		return err
	}
	switch {
	case len(args) == 2 && args[0] == "prepare":
		return prepare(tree, args[1])
	case len(args) == 3 && args[0] == "proxy":
		return proxy(tree, args[1], args[2])
	}
	return errors.New("usage: release prepare VERSION, or release proxy VERSION DIR")
}

// top is the directory of the root module, above the working directory.
func top() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && modfile.ModulePath(text) == root {
			return dir, nil
		}
	}
	return "", errors.New("this is not within the tree of " + root)
}

// prepare writes the go.mod of each nested module as it is released.
func prepare(tree, version string) error {
	for _, dir := range published[1:] {
		name := filepath.Join(tree, dir, "go.mod")
		text, err := releasedMod(name, version)
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return err
		}
		fmt.Println(filepath.Join(dir, "go.mod"))
	}
	return nil
}

// releasedMod is a go.mod with the released versions of our own modules in the place of replace directives.
func releasedMod(name, version string) ([]byte, error) {
	if !semver.IsValid(version) || semver.Canonical(version) != version {
		return nil, fmt.Errorf("%q is not a version such as v0.2.0", version)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	mod, err := modfile.Parse(name, text, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range mod.Replace {
		if !strings.HasPrefix(r.New.Path, ".") {
			return nil, fmt.Errorf("%s replaces %s by something outside the tree", name, r.Old.Path)
		}
		if err := mod.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return nil, err
		}
	}
	for _, r := range mod.Require {
		if r.Mod.Path == root || strings.HasPrefix(r.Mod.Path, root+"/") {
			if err := mod.AddRequire(r.Mod.Path, version); err != nil {
				return nil, err
			}
		}
	}
	mod.Cleanup()
	return mod.Format()
}

// proxy writes all modules in the layout that GOPROXY=file://… reads.
func proxy(tree, version, out string) error {
	for _, dir := range published {
		mod, err := releasedMod(filepath.Join(tree, dir, "go.mod"), version)
		if err != nil {
			return err
		}
		m := module.Version{Path: path.Join(root, filepath.ToSlash(dir)), Version: version}
		escaped, err := module.EscapePath(m.Path)
		if err != nil {
			return err
		}
		at := filepath.Join(out, filepath.FromSlash(escaped), "@v")
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Now().UTC().Format(time.RFC3339)})
		if err != nil {
			return err
		}
		for name, text := range map[string][]byte{"list": []byte(version + "\n"), version + ".info": info, version + ".mod": mod} {
			if err := os.WriteFile(filepath.Join(at, name), text, 0o644); err != nil {
				return err
			}
		}
		if err := archive(filepath.Join(at, version+".zip"), m, filepath.Join(tree, dir), mod); err != nil {
			return err
		}
		fmt.Println(m)
	}
	return nil
}

// archive writes the zip of a module, as the tree has it but for its go.mod.
func archive(name string, m module.Version, dir string, mod []byte) (err error) {
	plain, err := os.CreateTemp("", "release-*.zip")
	if err != nil {
		return err
	}
	defer os.Remove(plain.Name())
	defer plain.Close()
	if err := modzip.CreateFromDir(plain, m, dir); err != nil {
		return err
	}
	from, err := zip.OpenReader(plain.Name())
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	w := zip.NewWriter(to)
	for _, f := range from.File {
		out, err := w.Create(f.Name)
		if err != nil {
			return err
		}
		if path.Base(f.Name) == "go.mod" {
			_, err = out.Write(mod)
		} else {
			err = copied(out, from, f.Name)
		}
		if err != nil {
			return err
		}
	}
	return w.Close()
}

func copied(to io.Writer, from fs.FS, name string) error {
	f, err := from.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(to, f)
	return err
}
