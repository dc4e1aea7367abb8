package conformance

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A node is a value of the description and the place where it stands.
type node struct {
	root  any
	at    []string
	value any
}

// child steps down the keys of objects and the indexes of lists. A node that
// is not there has a nil value.
func (n node) child(keys ...string) node {
	for _, k := range keys {
		var value any
		switch v := n.value.(type) {
		case map[string]any:
			value = v[k]
		case []any:
			if i, err := strconv.Atoi(k); err == nil && i >= 0 && i < len(v) {
				value = v[i]
			}
		}
		n = node{n.root, append(n.at[:len(n.at):len(n.at)], k), value}
	}
	return n
}

// follow goes to the component that n refers to, if it does.
func (n node) follow() node {
	ref := n.text("$ref")
	if ref == "" {
		return n
	}
	keys := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	return node{root: n.root, value: n.root}.child(keys...).follow()
}

// keys are the names in an object, sorted.
func (n node) keys() []string {
	obj, _ := n.value.(map[string]any)
	return slices.Sorted(maps.Keys(obj))
}

// list is what a list holds.
func (n node) list() []node {
	values, _ := n.value.([]any)
	nodes := make([]node, len(values))
	for i := range values {
		nodes[i] = n.child(strconv.Itoa(i))
	}
	return nodes
}

// name is the key under which n stands.
func (n node) name() string { return n.at[len(n.at)-1] }

// text is the string under the key, or "".
func (n node) text(key string) string {
	s, _ := n.child(key).value.(string)
	return s
}

// texts are the strings in the list under the key.
func (n node) texts(key string) []string {
	var all []string
	for _, v := range n.child(key).list() {
		if s, ok := v.value.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// pointer is the place of n as the fragment of a URL.
func (n node) pointer() string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	pointer := "#"
	for _, k := range n.at {
		pointer += "/" + url.PathEscape(escape.Replace(k))
	}
	return pointer
}
