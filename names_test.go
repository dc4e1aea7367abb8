package tid_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConstantsBeginWithWhatTheyDescribe(t *testing.T) {
	plural := func(resource string) string {
		switch {
		case strings.HasSuffix(resource, "y"):
			return strings.TrimSuffix(resource, "y") + "ies"
		case strings.HasSuffix(resource, "s"):
			return resource
		}
		return resource + "s"
	}
	found := 0
	inspect(t, func(node ast.Node) {
		decl, ok := node.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			return
		}
		for _, spec := range decl.Specs {
			spec := spec.(*ast.ValueSpec)
			of, ok := spec.Type.(*ast.Ident)
			if !ok || !of.IsExported() || of.Name == "SortOrder" { // which is for every list
				continue
			}
			prefix := of.Name
			if resource, sorts := strings.CutSuffix(of.Name, "Sort"); sorts {
				prefix = plural(resource) + "By"
			} else {
				for _, kind := range []string{"Type", "State", "Relation", "Provider"} {
					prefix = strings.TrimSuffix(prefix, kind)
				}
			}
			assert.True(t, strings.HasPrefix(spec.Names[0].Name, prefix), "%s, a %s", spec.Names[0].Name, of.Name)
			found++
		}
	})
	assert.Greater(t, found, 100)
}

func TestOnlyContactsAndProjectsHaveCreatedAndUpdated(t *testing.T) {
	var short, long []string
	inspect(t, func(node ast.Node) {
		spec, ok := node.(*ast.TypeSpec)
		if !ok || spec.Name.Name == "Load" { // which is no model
			return
		}
		of, ok := spec.Type.(*ast.StructType)
		for i := 0; ok && i < len(of.Fields.List); i++ {
			for _, name := range of.Fields.List[i].Names {
				switch name.Name {
				case "Created", "Updated":
					short = append(short, spec.Name.Name+"."+name.Name)
				case "CreatedDate", "UpdatedDate":
					long = append(long, spec.Name.Name)
				}
			}
		}
	})
	assert.ElementsMatch(t, []string{"ContactSummary.Created", "ContactSummary.Updated", "ProjectSummary.Created", "ProjectSummary.Updated"}, short)
	assert.Greater(t, len(long), 20)
}

// inspect visits the syntax of the package.
func inspect(t *testing.T, visit func(ast.Node)) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool { visit(node); return true })
	}
}
