package demo_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The examples can be copied into a module that requires nothing but this one.
func TestEveryExampleBuildsOutsideOfTheRepository(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	mains, err := filepath.Glob("../*/main.go")
	require.NoError(t, err)
	require.NotEmpty(t, mains)
	dir := t.TempDir()
	for _, main := range mains {
		name := filepath.Base(filepath.Dir(main))
		require.NoError(t, os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Dir(main))))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), fmt.Appendf(nil,
		"module example.com/copied\n\ngo 1.25\n\nrequire github.com/vismatid/tid v0.0.0\n\nreplace github.com/vismatid/tid => %s\n", root), 0o666))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o666))
	build := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "./...")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off")
	text, err := build.CombinedOutput()
	require.NoError(t, err, "%s", text)
}
