package operations

import (
	"net/url"
	"strings"
)

// A Router finds operations by method and path, whatever the case of the path.
type Router struct {
	fixed map[string]*Router // by lower-case element
	any   *Router
	ops   map[string]*Operation
}

// NewRouter makes the router of such operations.
func NewRouter(ops []*Operation) *Router {
	root := &Router{}
	for _, op := range ops {
		at := root
		for part := range strings.SplitSeq(op.Path, "/") {
			if strings.HasPrefix(part, "{") {
				if at.any == nil {
					at.any = &Router{}
				}
				at = at.any
				continue
			}
			part = strings.ToLower(part)
			if at.fixed == nil {
				at.fixed = map[string]*Router{}
			}
			if at.fixed[part] == nil {
				at.fixed[part] = &Router{}
			}
			at = at.fixed[part]
		}
		if at.ops == nil {
			at.ops = map[string]*Operation{}
		}
		if at.ops[op.Method] != nil {
			panic("tidtest: two operations " + op.Name)
		}
		at.ops[op.Method] = op
	}
	return root
}

// Find returns the operation of a method and an escaped path, and the path's parameters.
func (rt *Router) Find(method, path string) (op *Operation, args []string) {
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
