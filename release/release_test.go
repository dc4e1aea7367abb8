package main

import (
	"crypto/rand"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goes runs the go command in a directory, with the modules of this tree at hand as a user has those of a release.
func goes(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// forget takes the modules of a version out of the cache.
func forget(t *testing.T, cache, version string) {
	for _, pattern := range []string{"github.com/vismatid/tid@" + version, "github.com/vismatid/tid/*@" + version, "github.com/vismatid/tid/*/*@" + version,
		"cache/download/github.com/vismatid/tid/@v/" + version + ".*", "cache/download/github.com/vismatid/tid/*/@v/" + version + ".*",
		"cache/download/github.com/vismatid/tid/*/*/@v/" + version + ".*"} {
		paths, err := filepath.Glob(filepath.Join(cache, filepath.FromSlash(pattern)))
		require.NoError(t, err)
		for _, path := range paths {
			require.NoError(t, filepath.WalkDir(path, func(name string, _ fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				return os.Chmod(name, 0o700) // the cache is read-only
			}))
			require.NoError(t, os.RemoveAll(path))
		}
	}
}

func TestTheModulesInstallAsTheyAreReleased(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds all modules")
	}
	tree, err := top()
	require.NoError(t, err)
	proxies := t.TempDir()
	version := "v0.2.0-test." + strings.ToLower(rand.Text()) // no cache holds it
	require.NoError(t, proxy(tree, version, proxies))

	cache := strings.TrimSpace(goes(t, tree, nil, "env", "GOMODCACHE"))
	t.Cleanup(func() { forget(t, cache, version) })
	rest := strings.TrimSpace(goes(t, tree, nil, "env", "GOPROXY"))
	bin, empty := t.TempDir(), t.TempDir()
	env := []string{"GOPROXY=file://" + filepath.ToSlash(proxies) + "," + rest, "GONOSUMDB=github.com/vismatid/*", "GOFLAGS=-mod=mod", "GOWORK=off", "GOBIN=" + bin}

	goes(t, empty, env, "install", "github.com/vismatid/tid/cmd/tid@"+version)
	out, err := exec.Command(filepath.Join(bin, "tid"), "--help").CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(out), "time-reports")

	goes(t, empty, env, "mod", "init", "example.com/payroll")
	require.NoError(t, os.WriteFile(filepath.Join(empty, "main.go"), []byte(`package main

import (
	"context"
	"fmt"

	"github.com/vismatid/tid/tidtest"
)

func main() {
	srv := tidtest.Start(tidtest.InMemory(), tidtest.WithCompany(tidtest.Sample(1, 3)))
	defer srv.Close()
	for c, err := range srv.Client().Contacts.All(context.Background(), nil) {
		fmt.Println(c.Name, err)
		return
	}
}
`), 0o600))
	goes(t, empty, env, "get", "github.com/vismatid/tid@"+version)
	goes(t, empty, env, "mod", "tidy")
	assert.Contains(t, goes(t, empty, env, "run", "."), "<nil>")

	mod, err := os.ReadFile(filepath.Join(empty, "go.mod"))
	require.NoError(t, err)
	assert.NotContains(t, string(mod), "cobra", "the command's dependencies stay out of the SDK")
}

func TestAReleasedModuleReplacesNothing(t *testing.T) {
	tree, err := top()
	require.NoError(t, err)
	for _, dir := range published {
		mod, err := releasedMod(filepath.Join(tree, dir, "go.mod"), "v9.8.7")
		require.NoError(t, err)
		assert.NotContains(t, string(mod), "replace")
		if dir != "." {
			assert.Contains(t, string(mod), "github.com/vismatid/tid v9.8.7")
		}
	}
	_, err = releasedMod(filepath.Join(tree, "go.mod"), "0.2")
	assert.ErrorContains(t, err, "v0.2.0")
}
