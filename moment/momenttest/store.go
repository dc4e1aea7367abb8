package momenttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// object is an object of an entity: its fields besides the id. It is not changed
// once it is stored.
type object map[string]json.RawMessage

// table has the objects of an entity.
type table struct {
	entity   string
	schema   *schema // nil takes anything
	objects  map[int64]object
	ids      []int64 // in order
	last     int64   // the highest id that there has been
	metadata map[string]json.RawMessage
	reports  map[string][]json.RawMessage
}

func newTable(entity string, sc *schema) *table {
	t := &table{entity: entity, schema: sc, objects: map[int64]object{}, metadata: map[string]json.RawMessage{}, reports: map[string][]json.RawMessage{}}
	if entity == "offers" { // the sum of nothing: offers have no field that is known to be summed
		t.metadata["overviewPage"] = json.RawMessage(`{"totalSumInCompanyCurrency":0}`)
	}
	return t
}

// clone is a table on which a transaction can be tried.
func (t *table) clone() *table {
	copied := *t
	copied.objects, copied.ids = maps.Clone(t.objects), slices.Clone(t.ids)
	return &copied
}

// put stores an object; id 0 is a new one.
func (t *table) put(id int64, o object) int64 {
	if id == 0 {
		id = t.last + 1
	}
	if _, known := t.objects[id]; !known {
		i, _ := slices.BinarySearch(t.ids, id)
		t.ids = slices.Insert(t.ids, i, id)
	}
	t.objects[id], t.last = o, max(t.last, id)
	return id
}

func (t *table) remove(id int64) bool {
	i, found := slices.BinarySearch(t.ids, id)
	if found {
		t.ids = slices.Delete(t.ids, i, i+1)
		delete(t.objects, id)
	}
	return found
}

// split takes the id out of an object's JSON; 0 is none.
func split(data []byte) (id int64, o object, err error) {
	if err = json.Unmarshal(data, &o); err != nil {
		return 0, nil, err
	}
	if raw, ok := o["id"]; ok {
		if err = json.Unmarshal(raw, &id); err != nil || id < 0 {
			return 0, nil, fmt.Errorf("the id is %s", raw)
		}
		delete(o, "id")
	}
	return id, o, nil
}

// table returns the table of an entity; the caller holds the lock.
func (s *Server) table(entity string) *table {
	t := s.tables[entity]
	if t == nil {
		t = newTable(entity, s.schemas[entity])
		s.tables[entity] = t
	}
	return t
}

// PutJSON stores an object of any entity, written as an answer shows it, in the
// place of the one that had its id, and returns the id: a new one if the object
// has none. It panics if the entity does not have such fields. What the object
// refers to need not be there.
func (s *Server) PutJSON(entity, text string) int64 {
	id, o, err := split([]byte(text))
	if err != nil {
		panic(fmt.Sprintf("momenttest: %s: not an object: %v", entity, err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(entity)
	for name, raw := range o {
		if problem := t.checkField(name, raw); problem != "" {
			panic(fmt.Sprintf("momenttest: %s: %s", entity, problem))
		}
	}
	return t.put(id, o)
}

// checkField says what is wrong with a field of a stored object, or nothing.
func (t *table) checkField(name string, raw json.RawMessage) string {
	if t.schema == nil {
		return ""
	}
	f := t.schema.field(name)
	if f == nil {
		return "there is no field " + strconv.Quote(name)
	}
	return f.check(raw)
}

// GetJSON returns an object as it is stored, or "" if there is none.
func (s *Server) GetJSON(entity string, id int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(entity)
	o, ok := t.objects[id]
	if !ok {
		return ""
	}
	return string(s.render(t, id, o, t.stored(o)))
}

// SetMetadata sets what a list answers in its metadata when the part
// "metadata.{part}" is included. The overviewPage of offers has a sum of 0 if it is not
// set; no other part is known. It panics if value is not written as a JSON object.
func (s *Server) SetMetadata(entity, part string, value any) {
	raw, err := json.Marshal(value)
	var members object
	if err != nil || json.Unmarshal(raw, &members) != nil {
		panic(fmt.Sprintf("momenttest: SetMetadata: %v is no object", value))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table(entity).metadata[part] = raw
}

// SetReport sets the rows that a report answers, such as getReport of timeRecords,
// whatever its parameters: those of the API are not known. It panics if rows are not
// written as a JSON list.
func (s *Server) SetReport(entity, name string, rows any) {
	data, err := json.Marshal(rows)
	var list []json.RawMessage
	if err != nil || json.Unmarshal(data, &list) != nil {
		panic(fmt.Sprintf("momenttest: SetReport: %v is no list", rows))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table(entity).reports[name] = list
}

// Store holds the objects of one entity as values of type T. Its methods work on
// the server's own objects at once, without a request.
type Store[T any] struct {
	server *Server
	entity string
}

// StoreOf returns the store of any entity, for any type with json tags.
func StoreOf[T any](s *Server, entity string) *Store[T] { return &Store[T]{s, entity} }

// Put is [Server.PutJSON] for a T.
func (st *Store[T]) Put(v T) int64 {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("momenttest: %s: %v", st.entity, err))
	}
	return st.server.PutJSON(st.entity, string(data))
}

// PutAll is Put for many objects.
func (st *Store[T]) PutAll(vs []T) []int64 {
	ids := make([]int64, len(vs))
	for i, v := range vs {
		ids[i] = st.Put(v)
	}
	return ids
}

// Get returns an object in full.
func (st *Store[T]) Get(id int64) (v T, ok bool) {
	text := st.server.GetJSON(st.entity, id)
	if text == "" {
		return v, false
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(fmt.Sprintf("momenttest: %s %d is no %T: %v", st.entity, id, v, err))
	}
	return v, true
}

// All returns all objects in full, in the order of their ids.
func (st *Store[T]) All() []T {
	var all []T
	for _, id := range st.ids() {
		if v, ok := st.Get(id); ok {
			all = append(all, v)
		}
	}
	return all
}

// Len returns the number of objects.
func (st *Store[T]) Len() int { return len(st.ids()) }

// Delete removes an object, and says whether there was one.
func (st *Store[T]) Delete(id int64) bool {
	st.server.mu.Lock()
	defer st.server.mu.Unlock()
	return st.server.table(st.entity).remove(id)
}

func (st *Store[T]) ids() []int64 {
	st.server.mu.Lock()
	defer st.server.mu.Unlock()
	return slices.Clone(st.server.table(st.entity).ids)
}
