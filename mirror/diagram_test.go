package mirror

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/mirror.md")

func TestTheDiagramInTheDocumentsIsThatOfTheTables(t *testing.T) {
	const file = "../docs/mirror.md"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), "```mermaid\n")
	require.True(t, found)
	_, after, found := strings.Cut(rest, "```\n")
	require.True(t, found)
	want := before + "```mermaid\n" + Diagram() + "```\n" + after
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(text), "go test -run Diagram . -update writes it")
}

func TestTheDiagramHasEveryTableAndEveryReference(t *testing.T) {
	diagram := Diagram()
	used := make(map[string]bool)
	for _, tbl := range everyTable() {
		assert.Contains(t, diagram, "    "+tbl.name+" {\n")
		columns := tbl.keys()
		for _, c := range tbl.columns {
			if c.kind == integer && strings.HasSuffix(c.name, "_id") {
				columns = append(columns, c.name)
			}
		}
		for _, c := range columns {
			to := tbl.refers(c)
			used[c], used[tbl.name+"."+c] = true, true
			if c == "id" || c == "position" {
				continue
			}
			assert.True(t, (to != "") != slices.Contains(unmirrored, c), "%s.%s refers to a list or to what there is no list of", tbl.name, c)
			if to != "" {
				assert.Contains(t, Tables(), to)
				assert.Contains(t, diagram, "o{ "+tbl.name+" : "+c+"\n")
			}
		}
	}
	for name := range references {
		assert.True(t, used[name], "%s is the name of a column", name)
	}
}
