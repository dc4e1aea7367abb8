package tid_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

var (
	unitWords = regexp.MustCompile(`\b(money|hours?|minutes|per cent|units?|bytes|degrees|number of \w+|unknown)\b`)
	amounts   = regexp.MustCompile(`(Price|Cost|Rate|Sum|Amount|Turnover|Addition|OfferValue|PerUnit|PerHour)$`)
	numbers   = regexp.MustCompile(`\b(Decimal|int|int64|float64)\b`)
	// positions and versions count nothing, and ids are no numbers to reckon with.
	notCounted = regexp.MustCompile(`(ID|IDs|SortOrder|Version|OfferNumber)$`)
)

// TestEveryQuantitySaysItsUnit reads the source: each number that the API gives or
// takes says in its own comment what it is counted in, or that this is unknown, and
// each that is money also says what is known of VAT.
func TestEveryQuantitySaysItsUnit(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	seen, decimals := 0, 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			for _, field := range fields.Fields.List {
				typ := typeText(field.Type)
				onTheWire := field.Tag != nil && strings.Contains(field.Tag.Value, `json:"`)
				if _, byID := field.Type.(*ast.MapType); byID || !onTheWire || !numbers.MatchString(typ) {
					continue
				}
				for _, name := range field.Names {
					if !name.IsExported() || notCounted.MatchString(name.Name) {
						continue
					}
					seen++
					if strings.Contains(typ, "Decimal") {
						decimals++
					}
					text := strings.Join(strings.Fields(field.Doc.Text()+" "+field.Comment.Text()), " ")
					assert.Regexp(t, unitWords, text, "%s.%s: in what?", spec.Name, name)
					if amounts.MatchString(name.Name) {
						assert.Contains(t, text, "money", "%s.%s", spec.Name, name)
					}
					if strings.Contains(text, "money") {
						assert.Contains(t, text, "VAT", "%s.%s: with or without?", spec.Name, name)
					}
				}
			}
			return true
		})
	}
	assert.GreaterOrEqual(t, seen, 55)
	assert.GreaterOrEqual(t, decimals, 40)
}

// typeText is a type as the source has it, near enough.
func typeText(expr ast.Expr) string {
	var names []string
	ast.Inspect(expr, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok {
			names = append(names, ident.Name)
		}
		return true
	})
	return strings.Join(names, " ")
}

func TestTheAmountOfATimeReport(t *testing.T) {
	for _, test := range []struct{ hours, rate, discount, want string }{
		{"7.5", "850", "0", "6375"},
		{"7.5", "850", "10", "5737.5"},
		{"0.33", "712.55", "12.5", "205.7488125"}, // to its last digit
		{"0", "850", "0", "0"},
		{"8", "850", "100", "0"},
		{"-2", "850", "0", "-1700"}, // a correction
	} {
		r := tid.TimeReport{Hours: tid.MustDecimal("99"), Cost: tid.MustDecimal("99"), InvoiceableHours: tid.MustDecimal(test.hours),
			Rate: tid.MustDecimal(test.rate), Discount: tid.MustDecimal(test.discount)}
		assert.True(t, r.Amount().Equal(tid.MustDecimal(test.want)), "%+v: %s", test, r.Amount())
	}
}
