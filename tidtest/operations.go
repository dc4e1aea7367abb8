package tidtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
	"github.com/vismatid/tid/tidtest/internal/shapes"
	"github.com/vismatid/tid/tidtest/internal/tables"
)

// An operation is a method on a path.
type operation struct {
	name   string // "GET /v1/Core/Contacts/{id}"
	method string
	path   string
	res    *account.Resource
	open   bool // needs no token
	run    func(*call) (reply, error)
}

// Operations returns the names of all the operations that a server has, in the form "GET /v1/Core/Contacts/{id}".
func Operations() []string {
	var names []string
	for _, op := range operations(tables.Open(time.Now).All) {
		names = append(names, op.name)
	}
	slices.Sort(names)
	return names
}

// operations builds the table of operations.
func operations(all []*account.Resource) []*operation {
	var ops []*operation
	add := func(method, path string, res *account.Resource, run func(*call) (reply, error)) *operation {
		op := &operation{name: method + " /" + path, method: method, path: path, res: res, run: run}
		ops = append(ops, op)
		return op
	}
	for _, res := range all {
		for _, v := range res.Verbs {
			switch one := res.Path + "/{id}"; v {
			case account.List:
				add("GET", res.Path, res, listRows)
			case account.Get:
				add("GET", one, res, getOne)
			case account.Create:
				add("POST", res.Path, res, createOne)
			case account.Update:
				add("PUT", one, res, updateOne)
			case account.Delete:
				add("DELETE", one, res, deleteOne)
			}
		}
	}
	for _, s := range specials() {
		op := add(s.method, s.path, all[s.of-1], s.run)
		op.open = s.open
	}
	return ops
}

// A router finds operations by method and path, whatever the case of the path.
type router struct {
	fixed map[string]*router // by lower-case element
	any   *router
	ops   map[string]*operation
}

func newRouter(ops []*operation) *router {
	root := &router{}
	for _, op := range ops {
		at := root
		for part := range strings.SplitSeq(op.path, "/") {
			if strings.HasPrefix(part, "{") {
				if at.any == nil {
					at.any = &router{}
				}
				at = at.any
				continue
			}
			part = strings.ToLower(part)
			if at.fixed == nil {
				at.fixed = map[string]*router{}
			}
			if at.fixed[part] == nil {
				at.fixed[part] = &router{}
			}
			at = at.fixed[part]
		}
		if at.ops == nil {
			at.ops = map[string]*operation{}
		}
		if at.ops[op.method] != nil {
			panic("tidtest: two operations " + op.name)
		}
		at.ops[op.method] = op
	}
	return root
}

// find returns the operation of a method and an escaped path, and the path's parameters.
func (rt *router) find(method, path string) (op *operation, args []string) {
	at := rt
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		text, err := url.PathUnescape(part)
		if err != nil || part == "" {
			return nil, nil
		}
		if next := at.fixed[strings.ToLower(text)]; next != nil {
			at = next
			continue
		}
		if at = at.any; at == nil {
			return nil, nil
		}
		args = append(args, text)
	}
	return at.ops[method], args
}

// A call is a request on its way through an operation.
type call struct {
	*account.Account
	srv    *Server
	op     *operation
	args   []string
	query  query.Parameters
	header http.Header
	body   []byte

	distortion Distortion // of a write
}

// failed is the answer that tells of a failure.
func failed(f *account.Failure) reply {
	if f.Problems == nil {
		return jsonReply(f.Status, map[string]string{"message": f.Message})
	}
	return jsonReply(f.Status, map[string]any{"title": f.Message, "status": f.Status, "errors": f.Problems})
}

func jsonReply(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only values of our own come here
	}
	return rawJSON(status, body)
}

func rawJSON(status int, body []byte) reply {
	return reply{Status: status, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: body}
}

func empty() reply { return reply{Status: http.StatusOK, Header: http.Header{}} }

// parseID reads an id out of a path.
func parseID(text string) (int64, error) {
	id, err := strconv.ParseUint(text, 10, 63)
	if err != nil || id == 0 {
		return 0, account.NotFound("There is nothing at this address: %q is not an id.", text)
	}
	return int64(id), nil
}

// parent is the id of the object that the resource's rows belong to, 0 if they belong to none.
func (c *call) parent() int64 {
	if c.op == nil || c.op.res.Parent == 0 {
		return 0
	}
	id, _ := parseID(c.args[0])
	return id
}

// checkParent answers 404 for rows of an object that is not there.
func (c *call) checkParent() error {
	if c.op.res.Parent == 0 {
		return nil
	}
	id, err := parseID(c.args[0])
	if err != nil {
		return err
	}
	parent := c.Resource(c.op.res.Parent)
	if parent.Find(id) == nil {
		return account.NotFound("There is no %s with the id %d.", parent.Object, id)
	}
	return nil
}

// target returns the object that the last id in the path names.
func (c *call) target() (*schema.Record, error) {
	if err := c.checkParent(); err != nil {
		return nil, err
	}
	id, err := parseID(c.args[len(c.args)-1])
	if err != nil {
		return nil, err
	}
	return c.one(c.op.res, id)
}

// one returns an object of a resource, of the right parent, or the 404.
func (c *call) one(res *account.Resource, id int64) (*schema.Record, error) {
	r := res.Find(id)
	if r == nil || res.Parent != 0 && r.Parent != c.parent() {
		return nil, account.NotFound("There is no %s with the id %d.", res.Object, id)
	}
	return r, nil
}

func (c *call) writer(detail bool) *shapes.Writer {
	return &shapes.Writer{Account: c.Account, Style: c.srv.style(), Detail: detail}
}

// answer is the reply that shows one object in full.
func (c *call) answer(res *account.Resource, r *schema.Record) reply {
	return rawJSON(http.StatusOK, c.writer(true).Record(nil, res, r))
}

func listRows(c *call) (reply, error) {
	res := c.op.res
	if err := c.checkParent(); err != nil {
		return reply{}, err
	}
	l, wrong, err := query.List{Schema: res.Schema, Sorts: res.Sorts, Filters: res.Filters, Bare: res.Bare}.Read(c.query)
	if err != nil {
		return reply{}, account.Fail(http.StatusBadRequest, "%v", err)
	}
	if len(wrong) > 0 {
		return reply{}, account.Invalid(wrong)
	}
	rows, err := c.Choose(res, c.parent(), l)
	if err != nil {
		return reply{}, err
	}
	total := len(rows)
	first := total
	if l.Page-1 <= total/l.PageSize {
		first = min(total, (l.Page-1)*l.PageSize)
	}
	rows = rows[first:min(total, first+l.PageSize)]

	w := c.writer(false)
	pages := w.Style.Pages((total + l.PageSize - 1) / l.PageSize)
	body := fmt.Appendf(nil, `{"objectName":"%sList","page":%d,"pageSize":%d,"itemCount":%d,"totalItemCount":%d,"totalPages":%d,"items":[`,
		res.Object, l.Page, l.PageSize, len(rows), total, pages)
	for i, r := range rows {
		if i > 0 {
			body = append(body, ',')
		}
		body = w.Record(body, res, r)
	}
	return rawJSON(http.StatusOK, append(body, "]}"...)), nil
}

func createOne(c *call) (reply, error) { return c.store(nil, nil) }

func updateOne(c *call) (reply, error) {
	old, err := c.target()
	if err != nil {
		return reply{}, err
	}
	return c.store(old, nil)
}

// store makes a new version of an object out of the body and answers with it.
func (c *call) store(old *schema.Record, prepare func(*account.Change)) (reply, error) {
	if err := c.checkParent(); err != nil {
		return reply{}, err
	}
	c.distortion = c.srv.distortion(c.op)
	ch := &account.Change{
		Account: c.Account, Res: c.op.res, Parent: c.parent(), Old: old,
		Ignored: c.distortion.ignored(), Clear: c.distortion.Clear,
	}
	if err := ch.Read(c.body, prepare); err != nil {
		return reply{}, err
	}
	ch.Commit()
	return c.distorted(ch), nil
}

func getOne(c *call) (reply, error) {
	r, err := c.target()
	if err != nil {
		if res := c.op.res; res.Erased && c.deleted() {
			return rawJSON(http.StatusOK, []byte("{}")), nil
		}
		return reply{}, err
	}
	return c.answer(c.op.res, r), nil
}

// deleted says whether the object that the path names has been there.
func (c *call) deleted() bool {
	id, err := parseID(c.args[len(c.args)-1])
	return err == nil && c.op.res.Deleted[id]
}

func deleteOne(c *call) (reply, error) {
	r, err := c.target()
	if err != nil {
		return reply{}, err
	}
	c.Delete(c.op.res, r.ID)
	return empty(), nil
}
