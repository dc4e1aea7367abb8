package doctor

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/vismatid/tid/cmd/tid/internal/description"
)

// A survey is what the objects of one operation have been seen to have.
type survey struct {
	places map[string]*place // the objects, by their path in the answer; "" is the answer itself
	kinds  map[string]kinds  // the types of values that differ, by path
}

// A place is where objects stand, and what names they had.
type place struct {
	schema  *description.Schema
	objects int
	names   map[string]int // how often each came
	met     map[string]int // of a property that only some objects have: how many of these came
}

// kinds are types of JSON, and what was expected.
type kinds struct {
	came   map[string]bool
	schema *description.Schema
}

func newSurvey() *survey {
	return &survey{places: map[string]*place{}, kinds: map[string]kinds{}}
}

// alternatives are properties that stand in for one another: that one of them does not come is no finding.
var alternatives = map[string][][]string{
	"Comment":           {{"text", "comment"}, {"user", "createdBy"}},
	"Member":            {{"id", "userId"}, {"name", "userName"}},
	"OpportunityStatus": {{"name", "title"}},
	"OpportunityTag":    {{"title", "name"}},
	"PlanningSummary":   {{"project", "projectId"}, {"user", "userId"}},
	"Tag":               {{"title", "name"}},
	"":                  {{"number", "nextProjectNumber"}}, // the answer to the question for the next number
}

// conditions are properties that only some objects have, and the property and the word that tell which.
var conditions = map[string]map[string][2]string{
	"Contact": {"contactPersons": {"contactType", "company"}},
}

// visit takes note of a value. What the description does not know is not looked into: the names in there may be data.
func (s *survey) visit(path string, schema *description.Schema, v any) {
	if schema == nil {
		return
	}
	if kind := kindOf(v); len(schema.Types) > 0 && !schema.Is(kind) {
		if s.kinds[path].came == nil {
			s.kinds[path] = kinds{map[string]bool{}, schema}
		}
		s.kinds[path].came[kind] = true
		return
	}
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			s.visit(path, schema.Items, element)
		}
	case map[string]any:
		if len(schema.Properties) == 0 {
			return
		}
		p := s.places[path]
		if p == nil {
			p = &place{schema: schema, names: map[string]int{}, met: map[string]int{}}
			s.places[path] = p
		}
		p.objects++
		for name, on := range conditions[schema.Name] {
			if word, _ := v[on[0]].(string); strings.EqualFold(word, on[1]) {
				p.met[name]++
			}
		}
		for name, value := range v {
			p.names[name]++
			if property := schema.Property(name); property != nil {
				s.visit(join(path, name), property.Schema, value)
			}
		}
	}
}

// nulls reports whether v holds a null that is written out.
func nulls(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return slices.ContainsFunc(v, nulls)
	case map[string]any:
		for _, value := range v {
			if nulls(value) {
				return true
			}
		}
	}
	return false
}

// irregular reports whether a described property came with some of the objects and not with others, beyond what the
// description expects: then the API leaves properties out.
func (s *survey) irregular() bool {
	for _, p := range s.places {
		for name, n := range p.names {
			if _, conditional := conditions[p.schema.Name][name]; n < p.objects && !conditional && p.schema.Property(name) != nil && !p.stoodIn(name) {
				return true
			}
		}
	}
	return false
}

// stoodIn reports whether another property came in the place of one.
func (p *place) stoodIn(name string) bool {
	for _, group := range alternatives[p.schema.Name] {
		if slices.Contains(group, name) {
			for _, other := range group {
				if other != name && p.names[other] > 0 {
					return true
				}
			}
		}
	}
	return false
}

// second reports whether a property is accounted for by another one, which came in its place or is missed in its place.
func (p *place) second(name string) bool {
	for _, group := range alternatives[p.schema.Name] {
		if i := slices.Index(group, name); i >= 0 {
			return p.stoodIn(name) || i > 0
		}
	}
	return false
}

// names are the described ones that came, as the description's evidence calls them.
func (s *survey) names() []string {
	var all []string
	for path, p := range s.places {
		for name := range p.names {
			if p.schema.Property(name) != nil {
				all = append(all, "answer "+join(path, name))
			}
		}
	}
	return all
}

// enough is how many objects without a property prove that it does not come, where the API leaves properties out.
const enough = 10

// mostNames is how many unknown names of one place are told. A place with more is no object but a map, and what it has for
// names may be data.
const mostNames = 20

// identifier is what names of the API look like. Others are counted and not told.
var identifier = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,39}$`)

// habits are what the answers of a run have in common.
type habits struct {
	irregular bool // properties are left out
	nulls     bool // null is written out
}

// findings compare what came with the description.
func (s *survey) findings(operation string, list bool, api habits) []Finding {
	var found []Finding
	add := func(kind Kind, path, detail string) {
		found = append(found, Finding{kind, operation, inRow(path, list), detail})
	}
	for path, k := range s.kinds {
		add(TypeDiffers, path, fmt.Sprintf("came as %s, described as %s",
			strings.Join(slices.Sorted(maps.Keys(k.came)), " and "), strings.Join(k.schema.Types, " or ")))
	}
	leavesOut := s.irregular()
	for path, p := range s.places {
		var unknown []string
		odd := 0
		for name := range p.names {
			switch {
			case p.schema.Property(name) != nil:
			case identifier.MatchString(name):
				unknown = append(unknown, name)
			default:
				odd++
			}
		}
		if len(unknown) > mostNames {
			unknown, odd = nil, odd+len(unknown)
		}
		for _, name := range unknown {
			add(UnknownProperty, join(path, name), fmt.Sprintf("came with %d of %d objects, and is not described", p.names[name], p.objects))
		}
		if odd > 0 {
			add(UnknownProperty, path, fmt.Sprintf("%d names that are not described, and not told since they may be data", odd))
		}

		for _, property := range p.schema.Properties {
			name, objects := property.Name, p.objects
			if _, conditional := conditions[p.schema.Name][name]; conditional {
				objects = p.met[name]
			}
			switch {
			case p.names[name] > 0, name == "objectName", objects == 0, p.second(name):
			case objects < enough && (leavesOut || objects == 1 && api.irregular):
			case property.Is("null") && !api.nulls: // left out may be how this API writes null
			default:
				add(MissingProperty, join(path, name), fmt.Sprintf("came with none of %d objects; the name is %s", objects, property.Evidence))
			}
		}
	}
	return found
}

// inRow is the path of a property as seen from the rows of a list.
func inRow(path string, list bool) string {
	if list {
		return strings.TrimPrefix(strings.TrimPrefix(path, "items"), ".")
	}
	return path
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// kindOf is the type of a JSON value.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return "number"
		}
		return "integer"
	case []any:
		return "array"
	}
	return "object"
}
