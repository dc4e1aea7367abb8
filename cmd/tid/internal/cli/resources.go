package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
)

// kebab turns a name of the description into one of the command line: "filter.userIds" is "user-ids".
func kebab(name string) string {
	name = strings.TrimPrefix(name, "filter.")
	var b strings.Builder
	var last rune
	for _, r := range name {
		if unicode.IsUpper(r) && last != 0 && last != '.' && !unicode.IsUpper(last) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
		last = r
	}
	return b.String()
}

// resources adds a command for each operation of the description, and returns the names of those at the top.
func (a *app) resources(root *cobra.Command) []string {
	var names []string
	for _, o := range a.operations {
		if o.ID == "Auth.Token" {
			continue
		}
		parent := root
		parts := strings.Split(o.ID, ".")
		for _, part := range parts[:len(parts)-1] {
			at := slices.IndexFunc(parent.Commands(), func(c *cobra.Command) bool { return c.Name() == kebab(part) })
			if at < 0 {
				group := &cobra.Command{Use: kebab(part), Short: "Commands for " + words(part)}
				if parent == root {
					names = append(names, group.Name())
				}
				parent.AddCommand(group)
				parent = group
				continue
			}
			parent = parent.Commands()[at]
		}
		parent.AddCommand(a.command(o, kebab(parts[len(parts)-1])))
	}
	return names
}

func words(name string) string { return strings.ReplaceAll(kebab(name), "-", " ") }

// command makes the command of an operation.
func (a *app) command(o *description.Operation, name string) *cobra.Command {
	use := name
	for _, p := range o.PathParameters() {
		use += " " + strings.ToUpper(strings.ReplaceAll(kebab(p.Name), "-", "_"))
	}
	cmd := &cobra.Command{Use: use, Short: o.Summary, Long: long(o), Args: cobra.ExactArgs(len(o.PathParameters()))}
	switch {
	case o.Item() != nil:
		a.listCommand(cmd, o)
	case o.File:
		a.downloadCommand(cmd, o)
	case o.Method == http.MethodGet:
		a.getCommand(cmd, o)
	default:
		a.writeCommand(cmd, o)
	}
	return cmd
}

// long is what the description says of an operation, and how well it is known.
func long(o *description.Operation) string {
	text := o.Summary + "."
	if o.Description != "" {
		text += "\n\n" + strings.TrimSpace(o.Description)
	}
	text += "\n\nAPI: " + o.String()
	if o.PathKnown == description.Inferred {
		text += "\nThe path is inferred from the conventions of the API: if it answers 404, tid doctor finds the right one."
	}
	return text
}

// explained is the help of a flag.
func explained(text string, evidence description.Evidence, s *description.Schema, required bool) string {
	text = strings.TrimSuffix(strings.ReplaceAll(text, "`", "'"), ".")
	if first, size := utf8.DecodeRuneInString(text); size > 0 {
		text = string(unicode.ToLower(first)) + text[size:]
	}
	values := s.Enum
	if s.Items != nil {
		values = s.Items.Enum
	}
	if len(values) > 0 {
		text += " (" + strings.Join(values, ", ") + ")"
	}
	if required {
		text += ", required"
	}
	if evidence == description.Inferred {
		text += ", name inferred"
	}
	return strings.TrimLeft(text, ", ")
}

// kindOf is the word for a flag's value in its help.
func kindOf(s *description.Schema) string {
	switch {
	case s.Is("array") && s.Items != nil:
		return kindOf(s.Items) + "s"
	case s.Is("boolean"):
		return "bool"
	case s.Is("number"):
		return "decimal"
	case s.Is("integer"):
		return "int"
	case s.Is("object"):
		return "json"
	case strings.HasSuffix(s.Name, "Date") || s.Name == "DateInput" || s.Name == "FilterDate":
		return "date"
	}
	return "string"
}

// value is a flag that takes what a schema allows.
type value struct {
	schema *description.Schema
	kind   string
	text   string
	set    bool
}

func newValue(s *description.Schema) *value { return &value{schema: s, kind: kindOf(s)} }

func (v *value) String() string { return v.text }
func (v *value) Type() string   { return v.kind }
func (v *value) Set(text string) error {
	text = strings.TrimSpace(text)
	if _, err := toJSON(v.schema, text); err != nil {
		return err
	}
	v.text, v.set = text, true
	return nil
}

// query is the value as the query carries it, in the spelling of the description.
func (v *value) query() string {
	raw, _ := toJSON(v.schema, v.text) // Set has done it before
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		items = []json.RawMessage{raw}
	}
	parts := make([]string, len(items))
	for i, item := range items {
		if json.Unmarshal(item, &parts[i]) != nil { // no string
			parts[i] = string(item)
		}
	}
	return strings.Join(parts, ",")
}

func boolFlag(flags *pflag.FlagSet, v *value, name string) {
	if v.kind == "bool" {
		flags.Lookup(name).NoOptDefVal = "true"
	}
}

func (a *app) listCommand(cmd *cobra.Command, o *description.Operation) {
	flags := cmd.Flags()
	filters := map[string]*value{}
	for _, p := range o.Filters() {
		v, name := newValue(p.Schema), kebab(p.Name)
		filters[p.Name] = v
		flags.Var(v, name, explained(p.Description, p.Evidence, p.Schema, p.Required))
		boolFlag(flags, v, name)
		complete(cmd, name, p.Schema)
	}
	var order, by *value
	for _, p := range o.Parameters {
		switch p.Name {
		case "sortBy":
			by = newValue(p.Schema)
			flags.Var(by, "sort-by", explained(p.Description, p.Evidence, p.Schema, false))
			complete(cmd, "sort-by", p.Schema)
		case "sortOrder":
			order = newValue(p.Schema)
			flags.Var(order, "sort-order", explained("the direction of the sort key", p.Evidence, p.Schema, false))
			complete(cmd, "sort-order", p.Schema)
		}
	}
	page := tid.ListOptions{}
	flags.IntVar(&page.Page, "page", 1, "the `page` to begin with")
	flags.IntVar(&page.PageSize, "page-size", 100, "`rows` for each request, 1 to 100")
	sink := a.newSink(cmd, o.Item(), false)
	limit := flags.Int("limit", 0, "at most this many `rows`; 0 is all")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *limit < 0 {
			return usage("--limit must be 0 or more")
		}
		acc, path, err := a.at(o, args)
		if err != nil {
			return err
		}
		opts := listOptions{ListOptions: page, Rest: rest{}}
		if *limit > 0 && page.Page <= 1 { // smaller pages would begin elsewhere
			opts.PageSize = min(opts.PageSize, *limit)
		}
		for _, p := range o.Filters() {
			switch v := filters[p.Name]; {
			case v.set:
				opts.Rest[p.Name] = v.query()
			case p.Required:
				return usage("--%s is required", kebab(p.Name))
			}
		}
		if by != nil && by.set {
			opts.Rest["sortBy"] = by.query()
		}
		if order != nil && order.set {
			opts.SortOrder = tid.SortOrder(order.query())
		}
		return sink.run(cmd.Context(), strings.ReplaceAll(kebab(strings.TrimSuffix(o.ID, ".List")), ".", "-"), func(ctx context.Context, s *stream) error {
			opts.Progress = s.progress
			n := 0
			for row, err := range tid.AllAs[json.RawMessage](ctx, acc.client, path, &opts) {
				if err != nil {
					return err
				}
				if err := s.write(ctx, *row); err != nil {
					return err
				}
				if n++; n == *limit {
					break
				}
			}
			return nil
		})
	}
}

// listOptions are those of any list.
type listOptions struct {
	tid.ListOptions
	Rest rest `url:"rest"`
}

// rest are parameters under their own names.
type rest map[string]string

// EncodeValues adds the parameters to the query.
func (r rest) EncodeValues(_ string, v *url.Values) error {
	for name, text := range r {
		v.Set(name, text)
	}
	return nil
}

// at opens the account, and returns where it has an operation, with arguments in the braces of its path.
func (a *app) at(o *description.Operation, args []string) (*account, string, error) {
	acc, err := a.account()
	if err != nil {
		return nil, "", err
	}
	path, err := acc.path(o, args)
	return acc, path, err
}

// path is where the account has an operation, with arguments in its braces.
func (acc *account) path(o *description.Operation, args []string) (string, error) {
	path := o.Path
	if moved := acc.profile.Paths[o.String()]; moved != "" {
		path = moved
	}
	for i, p := range o.PathParameters() {
		if _, err := toJSON(p.Schema, args[i]); err != nil {
			return "", usage("%s: %w", strings.ToUpper(kebab(p.Name)), err)
		}
		if args[i] == "" || args[i] == "." || args[i] == ".." {
			return "", usage("%s must not be %q", strings.ToUpper(kebab(p.Name)), args[i])
		}
		path = strings.Replace(path, "{"+p.Name+"}", url.PathEscape(args[i]), 1)
	}
	return path, nil
}

func (a *app) getCommand(cmd *cobra.Command, o *description.Operation) {
	sink := a.newSink(cmd, o.Answer, true)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		acc, path, err := a.at(o, args)
		if err != nil {
			return err
		}
		var answer json.RawMessage
		if err := acc.client.Do(cmd.Context(), http.MethodGet, path, nil, nil, &answer); err != nil {
			return err
		}
		var object struct {
			ID *json.Number `json:"id"`
		}
		if o.Answer.Property("id") != nil && json.Unmarshal(answer, &object) == nil && (object.ID == nil || *object.ID == "0") {
			return fmt.Errorf("%s: %w: the answer has no id, as for what was deleted", path, tid.ErrNotFound)
		}
		return sink.run(cmd.Context(), "", func(ctx context.Context, s *stream) error { return s.write(ctx, answer) })
	}
}

// complete proposes the words of an enum.
func complete(cmd *cobra.Command, flag string, s *description.Schema) {
	values := s.Enum
	switch {
	case s.Items != nil:
		values = s.Items.Enum
	case s.Is("boolean"):
		values = []string{"true", "false"}
	}
	if len(values) == 0 {
		return
	}
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // it has just been added
}
