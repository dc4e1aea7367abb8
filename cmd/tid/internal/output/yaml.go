package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// yamlWriter writes a list of objects, or a single one.
type yamlWriter struct {
	w       io.Writer
	single  bool
	columns []string
	rows    int
}

func (y *yamlWriter) Write(row json.RawMessage) error {
	row, err := selected(row, y.columns)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(row))
	d.UseNumber()
	n, err := yamlNode(d)
	if err != nil {
		return err
	}
	y.rows++
	if !y.single {
		n = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}}
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return err
	}
	_, err = y.w.Write(b.Bytes())
	return err
}

func (y *yamlWriter) Close() error {
	if y.rows == 0 && !y.single {
		_, err := io.WriteString(y.w, "[]\n")
		return err
	}
	return nil
}

// ambiguous are texts that readers of YAML 1.1 take for something else: "no" for false, and "10:30" for 630.
var ambiguous = regexp.MustCompile(`(?is)^([-+.\d].*|y|n|yes|no|on|off|=|<<)$`)

// yamlNode reads the next value of JSON. Names keep their order and numbers their digits.
func yamlNode(d *json.Decoder) (*yaml.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode}
	switch token := token.(type) {
	case json.Delim:
		n.Kind = yaml.SequenceNode
		if token == '{' {
			n.Kind = yaml.MappingNode
		}
		for d.More() {
			part, err := yamlNode(d) // a name or an element
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, part)
		}
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle
		}
		_, err = d.Token()
		return n, err
	case string:
		n.SetString(token)
		if ambiguous.MatchString(token) {
			n.Style = yaml.DoubleQuotedStyle
		}
	case json.Number:
		n.Value = token.String()
	case nil:
		n.Value, n.Tag = "null", "!!null"
	default:
		n.Value = fmt.Sprint(token)
	}
	return n, nil
}
