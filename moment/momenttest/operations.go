package momenttest

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/vismatid/tid/internal/fakehttp"
)

// call is a request that has found its operation.
type call struct {
	server    *Server
	in        fakehttp.Inbound
	operation string
	table     *table
	id        int64      // 0 for none
	chosen    *selection // nil without includes
	run       func(*call) (fakehttp.Reply, *failure)
}

// route finds the operation of a request, and refuses what is none.
func (s *Server) route(in fakehttp.Inbound) (*call, *failure) {
	if !s.authorized(in.Header) {
		return nil, fail(http.StatusUnauthorized, "The user name is apikey, and the password a valid key.")
	}
	rest, ok := strings.CutPrefix(in.URL.EscapedPath(), "/api/1.0/companies/"+s.CompanyCode+"/")
	elements := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	if !ok || elements[0] == "" {
		return nil, fail(http.StatusNotFound, "There is nothing here.")
	}
	c := &call{server: s, in: in, table: s.table(elements[0]), operation: in.Method + " /" + elements[0]}
	elements = elements[1:]
	if len(elements) == 1 && elements[0] == "batch" {
		c.operation += "/batch"
		return c.bind(map[string]func(*call) (fakehttp.Reply, *failure){http.MethodPost: (*call).batch})
	}
	if len(elements) == 1 && c.table.reports[elements[0]] != nil {
		c.operation += "/" + elements[0]
		return c.bind(map[string]func(*call) (fakehttp.Reply, *failure){http.MethodGet: func(c *call) (fakehttp.Reply, *failure) { return c.report(c.table.reports[elements[0]]), nil }})
	}
	if len(elements)%2 == 1 { // an id, perhaps with includes after it
		id, err := strconv.ParseInt(elements[0], 10, 64)
		if err != nil || id < 1 {
			return nil, fail(http.StatusNotFound, "There is nothing here.")
		}
		c.id, elements = id, elements[1:]
		c.operation += "/{id}"
	}
	if len(elements) == 0 {
		return c.bind(plainOperations[c.id != 0])
	}
	if len(elements) != 2 || elements[0] != "include" {
		return nil, fail(http.StatusNotFound, "There is nothing here.")
	}
	c.operation += "/include/{parts}"
	var refused *failure
	if c.chosen, refused = s.choose(c.table, elements[1], c.id == 0 && in.Method == http.MethodGet); refused != nil {
		return c, refused
	}
	return c.bind(includeOperations[c.id != 0])
}

// The operations, of a list and (true) of an object.
var (
	plainOperations = map[bool]map[string]func(*call) (fakehttp.Reply, *failure){
		false: {http.MethodGet: (*call).list, http.MethodPost: (*call).create},
		true: {http.MethodGet: (*call).get, http.MethodPut: (*call).update, http.MethodPatch: (*call).update,
			http.MethodDelete: (*call).delete},
	}
	includeOperations = map[bool]map[string]func(*call) (fakehttp.Reply, *failure){
		false: {http.MethodGet: (*call).list, http.MethodPost: (*call).create},
		true:  {http.MethodGet: (*call).get, http.MethodPut: (*call).update}, // PATCH is not documented
	}
)

// bind chooses by the method, and checks what goes for every request.
func (c *call) bind(methods map[string]func(*call) (fakehttp.Reply, *failure)) (*call, *failure) {
	c.run = methods[c.in.Method]
	media, _, _ := mime.ParseMediaType(c.in.Header.Get("Content-Type"))
	bodied := c.in.Method != http.MethodGet && c.in.Method != http.MethodDelete
	switch {
	case c.run == nil:
		return c, fail(http.StatusMethodNotAllowed, "%s is not for this path.", c.in.Method)
	case !strings.Contains(c.in.Header.Get("Accept"), "application/json"):
		return c, fail(http.StatusNotAcceptable, "The answer is JSON.")
	case bodied && media != "application/json":
		return c, fail(http.StatusUnsupportedMediaType, "The body must be JSON.")
	case !bodied && len(c.in.Body) > 0:
		return c, fail(http.StatusBadRequest, "%s has no body.", c.in.Method)
	case c.in.URL.RawQuery != "" && (c.id != 0 || bodied):
		return c, fail(http.StatusBadRequest, "Only lists have parameters.")
	}
	return c, nil
}

// perform does what the call asks for.
func (c *call) perform() fakehttp.Reply {
	rep, refused := c.run(c)
	if refused != nil {
		return refused.reply()
	}
	return rep
}

// found returns the object of the call's id.
func (c *call) found() (object, *failure) {
	o, ok := c.table.objects[c.id]
	if !ok {
		return nil, fail(http.StatusNotFound, "%s has no object %d.", c.table.entity, c.id)
	}
	return o, nil
}

func (c *call) get() (fakehttp.Reply, *failure) {
	o, refused := c.found()
	if refused != nil {
		return fakehttp.Reply{}, refused
	}
	return jsonReply(http.StatusOK, c.show(c.id, o)), nil
}

func (c *call) delete() (fakehttp.Reply, *failure) {
	if _, refused := c.found(); refused != nil {
		return fakehttp.Reply{}, refused
	}
	c.table.remove(c.id)
	return fakehttp.Reply{Status: http.StatusNoContent, Header: http.Header{}}, nil
}
