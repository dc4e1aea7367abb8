package conformance

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

func TestExamplesKeepToTheirSchemas(t *testing.T) {
	spec := load(t)
	for _, name := range spec.ResponseTypes() {
		for _, nulls := range []bool{false, true} {
			example := spec.Example(name, nulls)
			for _, v := range spec.CheckSchema(name, example) {
				t.Errorf("%s, nulls %t: %s", name, nulls, v)
			}
			if !bytes.Equal(example, spec.Example(name, nulls)) {
				t.Errorf("%s, nulls %t: not the same each time", name, nulls)
			}
		}
	}
}

func TestExamplesLeaveNothingOut(t *testing.T) {
	spec := load(t)
	for _, name := range spec.ResponseTypes() {
		properties, _ := objectOf(spec.root.child("components", "schemas", name))
		var full, nulls map[string]any
		if err := json.Unmarshal(spec.Example(name, false), &full); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(spec.Example(name, true), &nulls); err != nil {
			t.Fatal(err)
		}
		for p, schema := range properties {
			switch full[p] {
			case nil, "", 0.0, false:
				t.Errorf("%s.%s is %v", name, p, full[p])
			}
			if value, ok := nulls[p]; !ok || (value == nil) != nullable(schema.follow()) {
				t.Errorf("%s.%s with nulls is %v", name, p, value)
			}
		}
		if len(full) != len(properties) {
			t.Errorf("%s: %d properties, not %d", name, len(full), len(properties))
		}
	}
}

func TestResponseTypes(t *testing.T) {
	types := load(t).ResponseTypes()
	for _, want := range []string{"Contact", "ContactSummary", "InvoiceRow", "Member", "Ref", "Token", "UserDay", "WorkSiteAddress"} {
		if !slices.Contains(types, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, not := range []string{"ContactInput", "ContactType", "Date", "Error", "Page"} {
		if slices.Contains(types, not) {
			t.Errorf("%s is no response type", not)
		}
	}
}
