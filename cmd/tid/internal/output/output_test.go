package output_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/cmd/tid/internal/output"
)

// write is what becomes of rows.
func write(t *testing.T, o output.Options, rows ...string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := output.New(&b, o)
	require.NoError(t, err)
	for _, row := range rows {
		require.NoError(t, w.Write(json.RawMessage(row)))
	}
	require.NoError(t, w.Close())
	return b.String()
}

const (
	first  = `{"id": 1, "name": "Ås & söner", "user": {"id": 5, "name": "Kim"}, "hours": 7.50, "tags": [{"name": "a"}, {"name": "b"}], "note": null}`
	second = `{"id": 12345678901234567890.10, "name": "say \"hi\"", "user": null, "hours": 0.1, "tags": [], "note": "=1+1"}`
)

func TestEveryFormatShowsTheSameRows(t *testing.T) {
	columns := []string{"id", "name", "user.name", "hours", "tags", "note"}
	for format, want := range map[string]string{
		"jsonl": `{"id":1,"name":"Ås & söner","user.name":"Kim","hours":7.50,"tags":[{"name":"a"},{"name":"b"}],"note":null}
{"id":12345678901234567890.10,"name":"say \"hi\"","user.name":null,"hours":0.1,"tags":[],"note":"=1+1"}
`,
		"csv": `id,name,user.name,hours,tags,note
1,Ås & söner,Kim,7.50,"a, b",
12345678901234567890.10,"say ""hi""",,0.1,,=1+1
`,
		"yaml": `- id: 1
  name: Ås & söner
  user.name: Kim
  hours: 7.50
  tags:
    - name: a
    - name: b
  note: null
- id: 12345678901234567890.10
  name: say "hi"
  user.name: null
  hours: 0.1
  tags: []
  note: =1+1
`,
		"table": `                     id  name        user.name  hours  tags  note
                      1  Ås & söner  Kim         7.50  a, b
12345678901234567890.10  say "hi"                 0.1        =1+1
`,
	} {
		assert.Equal(t, want, write(t, output.Options{Format: format, Columns: columns}, first, second), format)
	}
}

func TestJSONKeepsRowsAsTheyCame(t *testing.T) {
	var rows []map[string]json.RawMessage
	text := write(t, output.Options{Format: "json"}, first, second)
	require.NoError(t, json.Unmarshal([]byte(text), &rows))
	require.Len(t, rows, 2)
	assert.Equal(t, "7.50", string(rows[0]["hours"]))
	assert.Equal(t, "12345678901234567890.10", string(rows[1]["id"]))
	assert.Equal(t, "[]\n", write(t, output.Options{Format: "json"}))
	assert.Equal(t, "{\n  \"a\": 1\n}\n", write(t, output.Options{Format: "json", Single: true}, `{"a":1}`))
}

func TestCSVForExcelOpensRightInSweden(t *testing.T) {
	text := write(t, output.Options{Format: "csv", Dialect: "excel", Columns: []string{"name", "hours", "note", "n"}},
		first, second, `{"name": "-7", "hours": -7.25, "note": "@x", "n": "a;b"}`)
	assert.Equal(t, "\ufeffname;hours;note;n\r\nÅs & söner;7,50;;\r\n\"say \"\"hi\"\"\";0,1;'=1+1;\r\n'-7;-7,25;'@x;\"a;b\"\r\n", text,
		"a mark, semicolons, decimal commas in numbers alone, and no text that Excel works out")
}

func TestARowWithoutAValueInItsOnlyColumnIsALineOfCSV(t *testing.T) {
	assert.Equal(t, "note\n\"\"\n=1+1\n", write(t, output.Options{Format: "csv", Columns: []string{"note"}}, first, second), "readers skip a line with nothing in it")
	assert.Equal(t, "\ufeffnote\r\n\"\"\r\n'=1+1\r\n", write(t, output.Options{Format: "csv", Dialect: "excel", Columns: []string{"note"}}, first, second))
}

func TestYAMLIsReadTheSameByOldAndNewReaders(t *testing.T) {
	for _, text := range []string{"10:30", "no", "Y", "off", "2026-02-30", "0012", "+46 8 123", ".5", "=", "<<", "1_000"} {
		assert.Equal(t, fmt.Sprintf("v: %q\n", text), write(t, output.Options{Format: "yaml", Single: true}, fmt.Sprintf(`{"v":%q}`, text)))
	}
	assert.Equal(t, "v: nobody\n", write(t, output.Options{Format: "yaml", Single: true}, `{"v":"nobody"}`))
}

func TestAWorkbookHoldsTextsWholeOrIsNotMade(t *testing.T) {
	row := func(text string) json.RawMessage { return json.RawMessage(fmt.Sprintf(`{"comment":%q}`, text)) }
	for text, fits := range map[string]bool{strings.Repeat("å", 32767): true, strings.Repeat("å", 32768): false, strings.Repeat("😀", 16384): false} {
		w, err := output.New(io.Discard, output.Options{Format: "xlsx"})
		require.NoError(t, err)
		require.NoError(t, w.Write(row("short")))
		require.NoError(t, w.Write(row(text)))
		if err = w.Close(); fits {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, "a cell of Excel holds 32767 characters, and comment in row 3 has more: choose another format, or other columns")
		}
	}
}

func TestAWorkbookThatIsGivenUpLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	w, err := output.New(io.Discard, output.Options{Format: "xlsx"})
	require.NoError(t, err)
	left := func() int {
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		return len(files)
	}
	row := json.RawMessage(fmt.Sprintf(`{"comment":%q}`, strings.Repeat("x", 30_000)))
	for range 700 {
		require.NoError(t, w.Write(row))
	}
	require.Equal(t, 1, left(), "rows wait in a file")
	output.Discard(w)
	assert.Zero(t, left())
}

func TestAWorkbookHoldsNumbersDaysAndTexts(t *testing.T) {
	text := write(t, output.Options{Format: "xlsx", Columns: []string{"id", "name", "hours", "date", "created", "ok", "note"}},
		`{"id": 1, "name": "0123", "hours": 7.25, "date": "2026-10-31 00:00:00", "created": "2026-10-31T13:45:00+00:00", "ok": true, "note": "=1+1"}`,
		`{"id": 12345678901234567, "name": null, "hours": 0.10, "date": "2026-13-01"}`)
	f, err := excelize.OpenReader(strings.NewReader(text))
	require.NoError(t, err)
	defer f.Close()
	cell := func(name string) (string, excelize.CellType) {
		value, err := f.GetCellValue("Sheet1", name, excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		kind, err := f.GetCellType("Sheet1", name)
		require.NoError(t, err)
		return value, kind
	}
	for name, want := range map[string]string{"A1": "id", "A2": "1", "B2": "0123", "C2": "7.25", "A3": "12345678901234567", "C3": "0.1", "D3": "2026-13-01", "G2": "=1+1"} {
		value, _ := cell(name)
		assert.Equal(t, want, value, name)
	}
	shown := func(name string) string {
		value, err := f.GetCellValue("Sheet1", name)
		require.NoError(t, err)
		return value
	}
	assert.Equal(t, "2026-10-31", shown("D2"), "a day is a day to Excel")
	assert.Equal(t, "2026-10-31 13:45:00", shown("E2"))
	_, kind := cell("A3")
	assert.NotEqual(t, excelize.CellTypeUnset, kind, "a number beyond what Excel can hold is a text")
	formula, err := f.GetCellFormula("Sheet1", "G2")
	require.NoError(t, err)
	assert.Empty(t, formula, "a text is no formula")
}

func TestColumnsComeFromTheDescriptionAndFromTheFirstRows(t *testing.T) {
	schema := &description.Schema{Properties: []*description.Property{
		{Name: "objectName", Schema: &description.Schema{}},
		{Name: "id", Schema: &description.Schema{}},
		{Name: "user", Schema: &description.Schema{Properties: []*description.Property{{Name: "id", Schema: &description.Schema{}}}}},
	}}
	var notes []string
	o := output.Options{Format: "csv", Schema: schema, Note: func(text string) { notes = append(notes, text) }}
	rows := []string{`{"objectName": "x", "id": 1, "user": null, "new": 2}`}
	for range 100 {
		rows = append(rows, `{"id": 1, "late": 3}`)
	}
	text := write(t, o, rows[:101]...)
	assert.True(t, strings.HasPrefix(text, "id,user.id,new,late\n1,,2,\n"), text[:60])
	assert.Empty(t, notes)

	rows = append(rows, `{"id": 2, "later": 4}`)
	write(t, o, rows...)
	require.Len(t, notes, 1)
	assert.Contains(t, notes[0], "later", "nothing is left out in silence")
}

func TestATableOnATerminalCannotBeTakenOverByItsValues(t *testing.T) {
	text := write(t, output.Options{Format: "table", Width: 80}, `{"id": 1, "name": "a\u001b[2J\r\nb\u202ec\u0007", "very": "`+strings.Repeat("x", 200)+`"}`)
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\u202e")
	assert.NotContains(t, text, "\r")
	for _, line := range strings.Split(text, "\n") {
		assert.LessOrEqual(t, len([]rune(line)), 80)
	}
	card := write(t, output.Options{Format: "table", Single: true}, `{"na\u001bme": "a\u001b[2J"}`)
	assert.NotContains(t, card, "\x1b")
}

func TestAnUnknownFormatNamesThoseThereAre(t *testing.T) {
	_, err := output.New(io.Discard, output.Options{Format: "pdf"})
	assert.ErrorContains(t, err, "xlsx")
}

// rows of 200,000 time reports.
const many = 200_000

func TestAnyNumberOfRowsNeedsLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 200,000 rows in each format")
	}
	for _, format := range output.Formats() {
		t.Run(format, func(t *testing.T) {
			w, err := output.New(io.Discard, output.Options{Format: format})
			require.NoError(t, err)
			var most uint64
			for i := range many {
				row := fmt.Sprintf(`{"id": %d, "date": "2026-10-31 00:00:00", "hours": 7.25, "user": {"id": 5, "name": "Kim"}, "comment": "row %[1]d"}`, i)
				require.NoError(t, w.Write(json.RawMessage(row)))
				if i%20_000 == 0 {
					most = max(most, live())
				}
			}
			most = max(most, live())
			require.NoError(t, w.Close())
			assert.Less(t, most, uint64(48<<20), "bytes of live heap")
			t.Logf("%.1f MiB", float64(most)/(1<<20))
		})
	}
}

// live is how much memory is in use.
func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
