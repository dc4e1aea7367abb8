package tidtest

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

// An operation is a method on a path.
type operation struct {
	name   string // "GET /v1/Core/Contacts/{id}"
	method string
	path   string
	res    *account.Resource
	open   bool // needs no token
	run    func(*call) (fakehttp.Reply, error)
}

// operations builds the table of operations on resources; one of them gives a token in exchange for credentials.
func operations(all []*account.Resource, exchange func(*call) (fakehttp.Reply, error)) []*operation {
	var ops []*operation
	add := func(method, path string, res *account.Resource, run func(*call) (fakehttp.Reply, error)) *operation {
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
	for _, s := range specials(exchange) {
		op := add(s.method, s.path, all[s.of-1], s.run)
		op.open = s.open
	}
	return ops
}

// A distortion is what a write does otherwise than it was asked to.
type distortion struct {
	ignored map[string]bool                                      // properties of the body that are passed over
	clear   []string                                             // properties of the object that are cleared
	answer  func(*shapes.Writer, *account.Change) fakehttp.Reply // with the new version
}

// A call is a request on its way through an operation.
type call struct {
	*account.Account
	op     *operation
	args   []string
	query  query.Parameters
	header http.Header
	body   []byte

	style   func() *shapes.Style // of an answer
	distort func() distortion    // of a write
}

// run checks the outside of a request and runs its operation under the lock of the state.
func (c *call) run(in fakehttp.Inbound) (fakehttp.Reply, error) {
	op := c.op
	if op == nil {
		return fakehttp.Reply{}, account.NotFound("There is nothing at %s %s.", in.Method, in.URL.Path)
	}
	given, _ := url.ParseQuery(in.URL.RawQuery) // what cannot be read of it is as good as unknown
	c.query = query.NewParameters(given)
	if op.method == http.MethodGet {
		c.RLock()
		defer c.RUnlock()
	} else {
		c.Lock()
		defer c.Unlock()
	}
	return op.run(c)
}

// failed is the answer that tells of a failure.
func failed(f *account.Failure) fakehttp.Reply {
	if f.Problems == nil {
		return jsonReply(f.Status, map[string]string{"message": f.Message})
	}
	return jsonReply(f.Status, map[string]any{"title": f.Message, "status": f.Status, "errors": f.Problems})
}

// jsonReply is a value as the answer.
func jsonReply(status int, v any) fakehttp.Reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only values of our own come here
	}
	return rawJSON(status, body)
}

// rawJSON is JSON as the answer.
func rawJSON(status int, body []byte) fakehttp.Reply {
	return fakehttp.Reply{Status: status, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: body}
}

// empty is an answer that says nothing.
func empty() fakehttp.Reply { return fakehttp.Reply{Status: http.StatusOK, Header: http.Header{}} }

// parseID reads an id out of a path.
func parseID(text string) (int64, error) {
	id, err := strconv.ParseUint(text, 10, 63)
	if err != nil || id == 0 {
		return 0, account.NotFound("There is nothing at this address: %q is not an id.", text)
	}
	return int64(id), nil
}

// parentID is the id of the object that the operation's rows belong to, 0 if they belong to none; args are the path's parameters.
func (op *operation) parentID(args []string) int64 {
	if op.res.Parent == 0 {
		return 0
	}
	id, _ := parseID(args[0])
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
	if r == nil || res.Parent != 0 && r.Parent != c.op.parentID(c.args) {
		return nil, account.NotFound("There is no %s with the id %d.", res.Object, id)
	}
	return r, nil
}

func (c *call) writer(detail bool) *shapes.Writer {
	return &shapes.Writer{Account: c.Account, Style: c.style(), Detail: detail}
}

// answer is the fakehttp.Reply that shows one object in full.
func (c *call) answer(res *account.Resource, r *schema.Record) fakehttp.Reply {
	return rawJSON(http.StatusOK, c.writer(true).Record(nil, res, r))
}

func listRows(c *call) (fakehttp.Reply, error) {
	res := c.op.res
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
	rows, err := c.Choose(res, c.op.parentID(c.args), l)
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
	return rawJSON(http.StatusOK, append(body, "]}"...)), nil
}

func createOne(c *call) (fakehttp.Reply, error) { return c.store(nil, nil) }

func updateOne(c *call) (fakehttp.Reply, error) {
	old, err := c.target()
	if err != nil {
		return fakehttp.Reply{}, err
	}
	return c.store(old, nil)
}

// store makes a new version of an object out of the body and answers with it.
func (c *call) store(old *schema.Record, prepare func(*account.Change)) (fakehttp.Reply, error) {
	if err := c.checkParent(); err != nil {
		return fakehttp.Reply{}, err
	}
	d := c.distort()
	ch := &account.Change{Account: c.Account, Res: c.op.res, Parent: c.op.parentID(c.args), Old: old, Ignored: d.ignored, Clear: d.clear}
	if err := ch.Read(c.body, prepare); err != nil {
		return fakehttp.Reply{}, err
	}
	ch.Commit()
	return d.answer(c.writer(true), ch), nil
}

func getOne(c *call) (fakehttp.Reply, error) {
	r, err := c.target()
	if err != nil {
		if res := c.op.res; res.Erased && c.deleted() {
			return rawJSON(http.StatusOK, []byte("{}")), nil
		}
		return fakehttp.Reply{}, err
	}
	return c.answer(c.op.res, r), nil
}

// deleted says whether the object that the path names has been there.
func (c *call) deleted() bool {
	id, err := parseID(c.args[len(c.args)-1])
	return err == nil && c.op.res.Deleted[id]
}

func deleteOne(c *call) (fakehttp.Reply, error) {
	r, err := c.target()
	if err != nil {
		return fakehttp.Reply{}, err
	}
	c.Delete(c.op.res, r.ID)
	return empty(), nil
}
