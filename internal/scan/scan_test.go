package scan_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid/internal/scan"
)

func members(raw string) (found [][2]string) {
	scan.Members([]byte(raw), func(name, value []byte) bool {
		found = append(found, [2]string{string(name), string(value)})
		return true
	})
	return found
}

func TestMembersAreGivenAsTheyAreWritten(t *testing.T) {
	assert.Equal(t, [][2]string{{"a", `1.50`}, {"b\n", `"x,}\" \\"`}, {"c", `{"d":[1,{"e":"]"}]}`}, {"f", "null"}, {"a", "[]"}},
		members(" {\"a\" : 1.50 ,\n\"b\\n\":\"x,}\\\" \\\\\",\"c\":{\"d\":[1,{\"e\":\"]\"}]}, \"f\":null, \"a\":[] } "))
	for _, raw := range []string{"{}", " { } ", "[1]", `"{"`, "7", "null", ""} {
		assert.Empty(t, members(raw), raw)
	}
	n := 0
	scan.Members([]byte(`{"a":1,"b":2}`), func(_, _ []byte) bool { n++; return false })
	assert.Equal(t, 1, n)
}

func TestElementsAreGivenAsTheyAreWritten(t *testing.T) {
	var found []string
	scan.Elements([]byte(` [ 1.50,"a,]" ,{"b":[2]},[ ] ] `), func(value []byte) bool { found = append(found, string(value)); return len(found) < 4 })
	assert.Equal(t, []string{"1.50", `"a,]"`, `{"b":[2]}`, "[ ]"}, found)
	for _, raw := range []string{"[]", " [ ] ", "{}", `"["`, ""} {
		scan.Elements([]byte(raw), func(value []byte) bool { t.Errorf("%s has %s", raw, value); return true })
	}
}

func FuzzMembersAreThoseOfTheDecoder(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,"]"]},"\u0061":"\"","":0}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want map[string]json.RawMessage
		if !json.Valid(raw) || json.Unmarshal(raw, &want) != nil {
			return
		}
		got := map[string]json.RawMessage{}
		scan.Members(raw, func(name, value []byte) bool {
			if string(name) == string(bytes.ToValidUTF8(name, []byte("\uFFFD"))) { // the decoder mends names
				got[string(name)] = value
			} else {
				delete(want, string(bytes.ToValidUTF8(name, []byte("\uFFFD"))))
			}
			return true
		})
		for name, value := range want {
			if string(bytes.ToValidUTF8([]byte(name), nil)) == name && !bytes.ContainsRune([]byte(name), '\uFFFD') {
				assert.Equal(t, string(value), string(got[name]), name)
			}
		}
	})
}
