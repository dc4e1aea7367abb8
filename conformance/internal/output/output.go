// Package output keeps generated files as they should be.
package output

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Files are generated files by path. One with nil content must not exist.
type Files map[string][]byte

// Write brings the files on disk in line.
func (f Files) Write() error {
	for path, content := range f {
		if content == nil {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Check names every file on disk that is out of line.
func (f Files) Check() error {
	var differ []error
	for _, path := range slices.Sorted(maps.Keys(f)) {
		got, err := os.ReadFile(path)
		switch missing := errors.Is(err, fs.ErrNotExist); {
		case err != nil && !missing:
			return err
		case f[path] == nil && !missing:
			differ = append(differ, fmt.Errorf("%s: nothing generates it", path))
		case f[path] != nil && missing:
			differ = append(differ, fmt.Errorf("%s: missing", path))
		case !bytes.Equal(got, f[path]):
			differ = append(differ, fmt.Errorf("%s: out of date", path))
		}
	}
	return errors.Join(differ...)
}
