package momenttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/vismatid/tid/internal/fakehttp"
)

func (c *call) create() (fakehttp.Reply, *failure) {
	o, refused := readObject(c.in.Body)
	if refused != nil {
		return fakehttp.Reply{}, refused
	}
	o, problem := c.server.change(c.table, nil, o)
	if problem != "" {
		return fakehttp.Reply{}, fail(http.StatusBadRequest, "%s", problem)
	}
	id := c.table.put(0, o)
	return jsonReply(http.StatusCreated, c.show(id, o)), nil
}

func (c *call) update() (fakehttp.Reply, *failure) {
	old, refused := c.found()
	if refused != nil {
		return fakehttp.Reply{}, refused
	}
	fields, refused := readObject(c.in.Body)
	if refused != nil {
		return fakehttp.Reply{}, refused
	}
	o, problem := c.server.change(c.table, old, fields)
	if problem != "" {
		return fakehttp.Reply{}, fail(http.StatusBadRequest, "%s", problem)
	}
	c.table.put(c.id, o)
	return jsonReply(http.StatusOK, c.show(c.id, o)), nil
}

func readObject(body []byte) (o object, refused *failure) {
	if err := json.Unmarshal(body, &o); err != nil || o == nil {
		return nil, fail(http.StatusBadRequest, "The body must be one JSON object.")
	}
	return o, nil
}

// change makes a new version of an object: what fields have, and the rest as it
// was. old is nil for a new one.
func (s *Server) change(t *table, old, fields object) (o object, problem string) {
	o = object{}
	maps.Copy(o, old)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		raw := fields[name]
		switch {
		case name == "id":
			return nil, "the id is not for the body"
		case t.schema != nil && t.schema.field(name) != nil && t.schema.field(name).derived != "":
			return nil, fmt.Sprintf("%s follows from %s and cannot be written", name, t.schema.field(name).derived)
		}
		if problem := t.checkField(name, raw); problem != "" {
			return nil, problem
		}
		if problem := s.checkReference(name, raw); problem != "" {
			return nil, problem
		}
		o[name] = raw
	}
	if t.entity == "timeRecords" {
		problem = s.checkTimeRecord(o)
	}
	return o, problem
}

// checkReference refuses the id of what is not there.
func (s *Server) checkReference(name string, raw json.RawMessage) string {
	inner, isID := strings.CutSuffix(name, "Id")
	var id int64
	if !isID || s.schemas[target(inner)] == nil || isNull(raw) || json.Unmarshal(raw, &id) != nil {
		return ""
	}
	if _, ok := s.table(target(inner)).objects[id]; !ok {
		return fmt.Sprintf("%s: %s has no object %d", name, target(inner), id)
	}
	return ""
}

// checkTimeRecord refuses a record without a day or minutes (inferred), and one
// that does not say which of several roles it is for.
func (s *Server) checkTimeRecord(o object) string {
	for _, name := range []string{"timeRecordDate", "minutes"} {
		if isNull(o[name]) {
			return name + " is required"
		}
	}
	if !isNull(o["projectMembershipId"]) || isNull(o["projectId"]) || isNull(o["userAccountId"]) {
		return ""
	}
	roles := 0
	for _, membership := range s.table("projectMemberships").objects {
		if bytes.Equal(membership["projectId"], o["projectId"]) && bytes.Equal(membership["userAccountId"], o["userAccountId"]) {
			roles++
		}
	}
	if roles > 1 {
		return "User has more than one role on the project"
	}
	return ""
}

// batch makes several changes, or none.
func (c *call) batch() (fakehttp.Reply, *failure) {
	var body struct {
		Create []object          `json:"create"`
		Update map[string]object `json:"update"`
		Delete []int64           `json:"delete"`
	}
	dec := json.NewDecoder(bytes.NewReader(c.in.Body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&body); err != nil {
		return fakehttp.Reply{}, fail(http.StatusBadRequest, "A batch has create, update and delete.")
	}
	if len(body.Create)+len(body.Update)+len(body.Delete) == 0 {
		return fakehttp.Reply{}, fail(http.StatusBadRequest, "The batch is empty.")
	}
	rollback := func(entry, problem string) (fakehttp.Reply, *failure) {
		return fakehttp.Reply{}, &failure{http.StatusBadRequest, "The batch was rolled back", entry + ": " + problem}
	}
	t := c.table.clone()
	var created, updated []int64
	for i, fields := range body.Create {
		o, problem := c.server.change(t, nil, fields)
		if problem != "" {
			return rollback(fmt.Sprintf("create[%d]", i), problem)
		}
		created = append(created, t.put(0, o))
	}
	for _, key := range slices.Sorted(maps.Keys(body.Update)) {
		id, _ := strconv.ParseInt(key, 10, 64)
		old, ok := t.objects[id]
		if !ok {
			return rollback("update "+key, "there is no such object")
		}
		o, problem := c.server.change(t, old, body.Update[key])
		if problem != "" {
			return rollback("update "+key, problem)
		}
		updated = append(updated, t.put(id, o))
	}
	for i, id := range body.Delete {
		if !t.remove(id) {
			return rollback(fmt.Sprintf("delete[%d]", i), fmt.Sprintf("there is no object %d", id))
		}
	}
	*c.table = *t
	if c.server.config.shuffled {
		slices.Reverse(created)
	}
	return jsonReply(http.StatusOK, map[string]any{
		"created":           c.showAll(created),
		"updated":           c.showAll(updated),
		"createOrderIntact": !c.server.config.shuffled,
	}), nil
}

func (c *call) showAll(ids []int64) []json.RawMessage {
	all := []json.RawMessage{}
	for _, id := range ids {
		if o, ok := c.table.objects[id]; ok {
			all = append(all, c.show(id, o))
		}
	}
	return all
}
