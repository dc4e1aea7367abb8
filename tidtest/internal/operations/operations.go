// Package operations lists the operations of the API, routes a request to its own, and carries it out on an account.
package operations

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/vismatid/tid/internal/fakehttp"
	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
	"github.com/vismatid/tid/tidtest/internal/shapes"
)

// An Operation is a method on a path.
type Operation struct {
	Name     string // "GET /v1/Core/Contacts/{id}"
	Method   string
	Path     string
	Resource *account.Resource
	Open     bool // needs no token
	run      func(*Call) (fakehttp.Reply, error)
}

// All builds the table of operations on resources; one of them gives a token in exchange for credentials.
func All(all []*account.Resource, exchange func(*Call) (fakehttp.Reply, error)) []*Operation {
	var ops []*Operation
	add := func(method, path string, res *account.Resource, run func(*Call) (fakehttp.Reply, error)) *Operation {
		op := &Operation{Name: method + " /" + path, Method: method, Path: path, Resource: res, run: run}
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
	for _, s := range specials(exchange) {
		op := add(s.method, s.path, all[s.of-1], s.run)
		op.Open = s.open
	}
	return ops
}

// A Distortion is what a write does otherwise than it was asked to.
type Distortion struct {
	Ignored map[string]bool                                      // properties of the body that are passed over
	Clear   []string                                             // properties of the object that are cleared
	Answer  func(*shapes.Writer, *account.Change) fakehttp.Reply // with the new version
}

// A Call is a request on its way through an operation.
type Call struct {
	*account.Account
	Op     *Operation
	Args   []string
	query  query.Parameters
	Header http.Header
	Body   []byte

	Style   func() *shapes.Style // of an answer
	Distort func() Distortion    // of a write
}

// Run checks the outside of a request and runs its operation under the lock of the account.
func (c *Call) Run(in fakehttp.Inbound) (fakehttp.Reply, error) {
	op := c.Op
	if op == nil {
		return fakehttp.Reply{}, account.NotFound("There is nothing at %s %s.", in.Method, in.URL.Path)
	}
	given, _ := url.ParseQuery(in.URL.RawQuery) // what cannot be read of it is as good as unknown
	c.query = query.NewParameters(given)
	if op.Method == http.MethodGet {
		c.RLock()
		defer c.RUnlock()
	} else {
		c.Lock()
		defer c.Unlock()
	}
	return op.run(c)
}

// Failed is the answer that tells of a failure.
func Failed(f *account.Failure) fakehttp.Reply {
	if f.Problems == nil {
		return JSON(f.Status, map[string]string{"message": f.Message})
	}
	return JSON(f.Status, map[string]any{"title": f.Message, "status": f.Status, "errors": f.Problems})
}

// JSON is a value as the answer.
func JSON(status int, v any) fakehttp.Reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only values of our own come here
	}
	return RawJSON(status, body)
}

// RawJSON is JSON as the answer.
func RawJSON(status int, body []byte) fakehttp.Reply {
	return fakehttp.Reply{Status: status, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: body}
}

// Empty is an answer that says nothing.
func Empty() fakehttp.Reply { return fakehttp.Reply{Status: http.StatusOK, Header: http.Header{}} }

// ParseID reads an id out of a path.
func ParseID(text string) (int64, error) {
	id, err := strconv.ParseUint(text, 10, 63)
	if err != nil || id == 0 {
		return 0, account.NotFound("There is nothing at this address: %q is not an id.", text)
	}
	return int64(id), nil
}

// ParentID is the id of the object that the operation's rows belong to, 0 if they belong to none; args are the path's parameters.
func (op *Operation) ParentID(args []string) int64 {
	if op.Resource.Parent == 0 {
		return 0
	}
	id, _ := ParseID(args[0])
	return id
}

// checkParent answers 404 for rows of an object that is not there.
func (c *Call) checkParent() error {
	if c.Op.Resource.Parent == 0 {
		return nil
	}
	id, err := ParseID(c.Args[0])
	if err != nil {
		return err
	}
	parent := c.Resource(c.Op.Resource.Parent)
	if parent.Find(id) == nil {
		return account.NotFound("There is no %s with the id %d.", parent.Object, id)
	}
	return nil
}

// target returns the object that the last id in the path names.
func (c *Call) target() (*schema.Record, error) {
	if err := c.checkParent(); err != nil {
		return nil, err
	}
	id, err := ParseID(c.Args[len(c.Args)-1])
	if err != nil {
		return nil, err
	}
	return c.one(c.Op.Resource, id)
}

// one returns an object of a resource, of the right parent, or the 404.
func (c *Call) one(res *account.Resource, id int64) (*schema.Record, error) {
	r := res.Find(id)
	if r == nil || res.Parent != 0 && r.Parent != c.Op.ParentID(c.Args) {
		return nil, account.NotFound("There is no %s with the id %d.", res.Object, id)
	}
	return r, nil
}

func (c *Call) writer(detail bool) *shapes.Writer {
	return &shapes.Writer{Account: c.Account, Style: c.Style(), Detail: detail}
}

// answer is the fakehttp.Reply that shows one object in full.
func (c *Call) answer(res *account.Resource, r *schema.Record) fakehttp.Reply {
	return RawJSON(http.StatusOK, c.writer(true).Record(nil, res, r))
}

func listRows(c *Call) (fakehttp.Reply, error) {
	res := c.Op.Resource
	if err := c.checkParent(); err != nil {
		return fakehttp.Reply{}, err
	}
	l, wrong, err := query.List{Schema: res.Schema, Sorts: res.Sorts, Filters: res.Filters, Bare: res.Bare}.Read(c.query)
	if err != nil {
		return fakehttp.Reply{}, account.Fail(http.StatusBadRequest, "%v", err)
	}
	if len(wrong) > 0 {
		return fakehttp.Reply{}, account.Invalid(wrong)
	}
	rows, err := c.Choose(res, c.Op.ParentID(c.Args), l)
	if err != nil {
		return fakehttp.Reply{}, err
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
	return RawJSON(http.StatusOK, append(body, "]}"...)), nil
}

func createOne(c *Call) (fakehttp.Reply, error) { return c.store(nil, nil) }

func updateOne(c *Call) (fakehttp.Reply, error) {
	old, err := c.target()
	if err != nil {
		return fakehttp.Reply{}, err
	}
	return c.store(old, nil)
}

// store makes a new version of an object out of the body and answers with it.
func (c *Call) store(old *schema.Record, prepare func(*account.Change)) (fakehttp.Reply, error) {
	if err := c.checkParent(); err != nil {
		return fakehttp.Reply{}, err
	}
	d := c.Distort()
	ch := &account.Change{Account: c.Account, Res: c.Op.Resource, Parent: c.Op.ParentID(c.Args), Old: old, Ignored: d.Ignored, Clear: d.Clear}
	if err := ch.Read(c.Body, prepare); err != nil {
		return fakehttp.Reply{}, err
	}
	ch.Commit()
	return d.Answer(c.writer(true), ch), nil
}

func getOne(c *Call) (fakehttp.Reply, error) {
	r, err := c.target()
	if err != nil {
		if res := c.Op.Resource; res.Erased && c.deleted() {
			return RawJSON(http.StatusOK, []byte("{}")), nil
		}
		return fakehttp.Reply{}, err
	}
	return c.answer(c.Op.Resource, r), nil
}

// deleted says whether the object that the path names has been there.
func (c *Call) deleted() bool {
	id, err := ParseID(c.Args[len(c.Args)-1])
	return err == nil && c.Op.Resource.Deleted[id]
}

func deleteOne(c *Call) (fakehttp.Reply, error) {
	r, err := c.target()
	if err != nil {
		return fakehttp.Reply{}, err
	}
	c.Delete(c.Op.Resource, r.ID)
	return Empty(), nil
}
