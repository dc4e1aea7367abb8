package tid

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// handOn copies the Extra of a detail to its input, or into the input's fields.
func handOn(extra Extra, answer answered, in writable) (Extra, carried) {
	v := reflect.ValueOf(in).Elem()
	s := shapeOf(v.Type())
	handed := make(Extra, len(extra))
	hand := func(name string, raw json.RawMessage) { handed[name] = raw }
	names := slices.Sorted(maps.Keys(extra))
	slices.SortStableFunc(names, func(a, b string) int { // the name of a field before another name for it
		other := func(name string) int {
			if p := s.field([]byte(name)); p != nil && !strings.EqualFold(p.name, name) {
				return 1
			}
			return 0
		}
		return other(a) - other(b)
	})
	for _, name := range names {
		raw := extra[name]
		parent, child := splitPath(name)
		if isMaintained(child) && (parent == "" || strings.EqualFold(child, "objectName")) {
			continue
		}
		if parent != "" {
			hand(name, raw)
			continue
		}
		if p := s.field([]byte(child)); p != nil {
			f := v.FieldByIndex(p.index)
			if !f.IsZero() {
				continue
			}
			if unmarshal(raw, f.Addr().Interface()) != nil {
				f.SetZero()
				hand(name, raw)
			} else if p.object != nil {
				unknown(p.object, p.name+".", raw, hand)
			}
			continue
		}
		hand(name, raw)
		if !bytes.HasPrefix(raw, object) {
			continue
		}
		id := rawID(raw)
		if _, flat := extra[name+"Id"]; id == 0 || flat {
			continue
		}
		if p := s.field([]byte(child + "Id")); p == nil {
			hand(name+"Id", strconv.AppendInt(nil, id, 10))
		} else if f := v.FieldByIndex(p.index); f.Kind() == reflect.Int64 && f.IsZero() {
			f.SetInt(id)
		}
	}
	if len(handed) == 0 {
		handed = nil
	}
	return handed, carried{maps.Clone(handed), answer.listed}
}

// isMaintained reports whether the API sets a property by itself.
func isMaintained(name string) bool {
	name = strings.ToLower(name)
	return name == "id" || name == "objectname" || strings.HasPrefix(name, "created") || strings.HasPrefix(name, "updated")
}

// handed is an input with its Extra.
type handed struct {
	value reflect.Value
	shape *shape
	extra Extra
	came  carried
}

func handedTo(in writable) handed {
	extra, came := in.beyond()
	v := reflect.ValueOf(in).Elem()
	return handed{v, shapeOf(v.Type()), extra, came}
}

// stale reports whether a copied property is not sent back: because the caller has cleared
// the object that it is in, or has set another id for its reference.
func (in handed) stale(name string) bool {
	raw := in.extra[name]
	if !in.came.has(name, raw) {
		return false
	}
	if parent, _ := splitPath(name); parent != "" {
		v := in.value
		for element := range strings.SplitSeq(parent, ".") {
			p := shapeOf(v.Type()).field([]byte(element))
			if p == nil || p.object == nil {
				return false
			}
			if v = v.FieldByIndex(p.index); v.IsZero() {
				return true
			}
			v = v.Elem()
		}
		return false
	}
	if base, isID := strings.CutSuffix(name, "Id"); isID && bytes.HasPrefix(in.came.extra[base], object) {
		return !in.came.has(base, in.extra[base])
	}
	if !bytes.HasPrefix(raw, object) {
		return false
	}
	if p := in.shape.field([]byte(name + "Id")); p != nil && p.typ.Kind() == reflect.Int64 {
		return in.value.FieldByIndex(p.index).Int() != rawID(raw)
	}
	_, came := in.came.extra[name+"Id"]
	return came && !in.came.has(name+"Id", in.extra[name+"Id"])
}

// tree holds the properties to add to an object and to its nested objects.
type tree struct {
	own    map[string]json.RawMessage
	within map[string]*tree
}

// at is the tree of a nested object.
func (t *tree) at(name string) *tree {
	if t.within == nil {
		t.within = make(map[string]*tree)
	}
	if t.within[name] == nil {
		t.within[name] = new(tree)
	}
	return t.within[name]
}

// addTo adds the tree to an encoded object, which is nil if it does not exist yet.
func (t *tree) addTo(encoded json.RawMessage) json.RawMessage {
	properties := make(map[string]json.RawMessage)
	if bytes.HasPrefix(encoded, object) {
		_ = json.Unmarshal(encoded, &properties)
	}
	maps.Copy(properties, t.own)
	for name, inner := range t.within {
		properties[name] = inner.addTo(properties[name])
	}
	whole, _ := encodeJSON(properties) // no error, since each of them is valid
	return whole
}

// withExtra adds the Extra of an input to its encoding.
func withExtra(op string, encoded []byte, w writable) ([]byte, error) {
	in := handedTo(w)
	if len(in.extra) == 0 {
		return encoded, nil
	}
	refused := make(map[string][]string)
	var added tree
	for name, raw := range in.extra {
		if in.stale(name) {
			continue
		}
		parent, child := splitPath(name)
		node, s, carried := &added, in.shape, in.came.has(name, raw)
		if parent != "" {
			for element := range strings.SplitSeq(parent, ".") {
				p := s.field([]byte(element))
				if p == nil || p.object == nil {
					refused[name] = []string{`is in something that is not an object of this input; a dot in a name itself is written \.`}
					break
				}
				node, s = node.at(p.name), shapeOf(p.object)
			}
		}
		p := s.field([]byte(child))
		switch {
		case refused[name] != nil:
			continue
		case child == "" && !carried || !json.Valid(raw):
			refused[name] = []string{"is no property: set one by its name, with Extra.Set"}
		case p != nil && !carried:
			refused[name] = []string{"has a field of its own, " + p.name + ", which Extra cannot stand for"}
		case !carried:
			damaged(json.NewDecoder(bytes.NewReader(raw)), name, refused)
		}
		if node.own == nil {
			node.own = make(map[string]json.RawMessage)
		}
		node.own[child] = raw
	}
	if len(refused) > 0 {
		e := invalid(op, "")
		e.Fields = refused
		return nil, e
	}
	return added.addTo(encoded), nil
}
