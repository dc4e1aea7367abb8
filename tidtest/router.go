package tidtest

import (
	"net/url"
	"strings"
)

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
