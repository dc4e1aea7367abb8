package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/cmd/tid/internal/output"
)

// method finds the method of the client that an operation's id names, such as "Tasks.Comments.Update" or, with the kind of
// article in a parameter, "Articles.Create.Material".
func method(c *tid.Client, id string) (f reflect.Value, kind string) {
	service := reflect.ValueOf(c).Elem()
	parts := strings.Split(id, ".")
	for i, part := range parts {
		if service.Kind() == reflect.Pointer {
			if f = service.MethodByName(part); f.IsValid() {
				return f, strings.ToLower(strings.Join(parts[i+1:], ""))
			}
			service = service.Elem()
		}
		service = service.FieldByName(part)
	}
	return reflect.Value{}, ""
}

// invoke calls a method of a service: its parameters are the context, a kind of article where there is one, the arguments
// of the path, and the rest.
func invoke(ctx context.Context, f reflect.Value, kind string, args []string, rest ...reflect.Value) (any, error) {
	in := []reflect.Value{reflect.ValueOf(ctx)}
	if kind != "" {
		in = append(in, reflect.ValueOf(tid.ArticleType(kind)))
	}
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return nil, usage("%q is not an id", arg)
		}
		in = append(in, reflect.ValueOf(id))
	}
	out := f.Call(append(in, rest...))
	err, _ := out[len(out)-1].Interface().(error)
	if len(out) == 1 {
		return nil, err
	}
	return out[0].Interface(), err
}

// errNotSent ends a write that only shows what it would send.
var errNotSent = errors.New("nothing was sent")

// A sender sends what a command says; where is the method and the path that it goes to.
type sender func(ctx context.Context, c *tid.Client, where string, args []string) (any, error)

// writeCommand makes the command of an operation that changes something.
func (a *app) writeCommand(cmd *cobra.Command, o *description.Operation) {
	flags := cmd.Flags()
	yes := flags.BoolP("yes", "y", false, "do not ask")
	dry := flags.Bool("dry-run", false, "show what would be sent, and send nothing")
	var send sender
	switch {
	case o.Body == nil && len(o.Filters()) == 0: // a deletion
		send = func(ctx context.Context, c *tid.Client, where string, args []string) (any, error) {
			if err := a.agreed(ctx, where, *yes, *dry); err != nil {
				return nil, err
			}
			f, kind := method(c, o.ID)
			return invoke(ctx, f, kind, args)
		}
	case o.Body == nil:
		send = a.parameters(cmd, o, yes, dry)
	case o.Method == http.MethodPut && canModify(o):
		send = a.modify(cmd, o, yes, dry)
	default:
		send = a.body(cmd, o, yes, dry)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		acc, path, err := a.at(o, args)
		if err != nil {
			return err
		}
		result, err := send(cmd.Context(), acc.client, o.Method+" "+path, args)
		if errors.Is(err, errNotSent) {
			return nil
		}
		if err != nil || result == nil || reflect.ValueOf(result).IsNil() {
			return err
		}
		text, err := json.Marshal(result)
		if err != nil {
			return err
		}
		w, err := output.New(cmd.OutOrStdout(), output.Options{Format: "json", Single: true})
		if err == nil {
			if err = w.Write(text); err == nil {
				err = w.Close()
			}
		}
		return err
	}
}

// agreed asks whether to send, unless that was said before.
func (a *app) agreed(ctx context.Context, what string, yes, dry bool) error {
	switch {
	case dry:
		fmt.Fprintf(a.env.Stderr, "%s\nNothing was sent: --dry-run.\n", what)
		return errNotSent
	case yes:
		return nil
	case a.terminal(a.env.Stdin) < 0:
		return usage("%s: nothing was sent: add --yes, since there is no terminal to ask on", strings.SplitN(what, "\n", 2)[0])
	}
	fmt.Fprintf(a.env.Stderr, "%s\nSend it? [y/N] ", what)
	answer, err := await(ctx, func() (answer string, _ error) {
		_, _ = fmt.Fscanln(a.env.Stdin, &answer) // no answer is a no
		return answer, nil
	})
	if err != nil {
		return err
	}
	if answer = strings.ToLower(answer); answer == "y" || answer == "yes" || answer == "j" || answer == "ja" {
		return nil
	}
	fmt.Fprintln(a.env.Stderr, "Nothing was sent.")
	return errNotSent
}

// parameters is a write whose values are in the query: the parameters of its method are those of the description, in order.
func (a *app) parameters(cmd *cobra.Command, o *description.Operation, yes, dry *bool) sender {
	var values []*value
	for _, p := range o.Filters() {
		v, name := newValue(p.Schema), kebab(p.Name)
		values = append(values, v)
		cmd.Flags().Var(v, name, explained(p.Description, p.Evidence, p.Schema, p.Required))
	}
	return func(ctx context.Context, c *tid.Client, where string, args []string) (any, error) {
		what := where
		f, kind := method(c, o.ID)
		var rest []reflect.Value
		for i, v := range values {
			if p := o.Filters()[i]; p.Required && !v.set {
				return nil, usage("--%s is required", kebab(p.Name))
			}
			in := reflect.New(f.Type().In(1 + len(args) + i))
			quoted, err := json.Marshal(v.text)
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(quoted, in.Interface()); err != nil {
				return nil, usageError{err}
			}
			rest = append(rest, in.Elem())
			if v.set {
				what += fmt.Sprintf("\n  %s: %s", o.Filters()[i].Name, v.text)
			}
		}
		if err := a.agreed(ctx, what, *yes, *dry); err != nil {
			return nil, err
		}
		return invoke(ctx, f, kind, args, rest...)
	}
}

// body is a write of a whole object, from flags or from JSON on standard input.
func (a *app) body(cmd *cobra.Command, o *description.Operation, yes, dry *bool) sender {
	input := cmd.Flags().String("input", "", "read the object as JSON from this `file`, or from standard input with -")
	fields := map[string]*value{}
	var order []string
	var add func(prefix string, s *description.Schema)
	add = func(prefix string, s *description.Schema) {
		for _, p := range s.Properties {
			if len(p.Properties) > 0 && !p.Is("array") && prefix == "" {
				add(p.Name+".", p.Schema)
				continue
			}
			v, name := newValue(p.Schema), prefix+p.Name
			fields[name] = v
			order = append(order, name)
			flag := kebab(name)
			if cmd.Flags().Lookup(flag) != nil {
				flag = "the-" + flag
			}
			cmd.Flags().Var(v, flag, explained(p.Text, p.Evidence, p.Schema, prefix == "" && slices.Contains(s.Required, p.Name)))
			boolFlag(cmd.Flags(), v, flag)
			complete(cmd, flag, p.Schema)
		}
	}
	add("", o.Body)
	if o.Method == http.MethodPut {
		cmd.Long += "\n\nThe whole object is replaced: what is not given is cleared."
	}
	return func(ctx context.Context, c *tid.Client, where string, args []string) (any, error) {
		body := []byte("{}")
		if *input != "" {
			var err error
			if body, err = a.read(ctx, *input); err != nil {
				return nil, err
			}
			if err := checkNames(o.Body, "", body); err != nil {
				return nil, err
			}
		}
		for _, name := range order {
			if v := fields[name]; v.set {
				raw, err := toJSON(v.schema, v.text)
				if err != nil {
					return nil, usageError{err}
				}
				if body, err = with(body, strings.Split(name, "."), raw); err != nil {
					return nil, err
				}
			}
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) == nil && len(members) == 0 {
			return nil, usage("there is nothing to send: give flags, or --input - for JSON on standard input")
		}
		f, kind := method(c, o.ID)
		in := reflect.New(f.Type().In(f.Type().NumIn() - 1).Elem())
		if err := json.Unmarshal(body, in.Interface()); err != nil {
			return nil, usage("the object does not fit %s: %w", o, err)
		}
		if err := a.agreed(ctx, where+"\n"+indented(in.Interface()), *yes || o.Method == http.MethodPost && *input == "", *dry); err != nil {
			return nil, err
		}
		return invoke(ctx, f, kind, args, in)
	}
}

func (a *app) read(ctx context.Context, name string) ([]byte, error) {
	if name == "-" {
		return await(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(a.env.Stdin, 16<<20)) })
	}
	return readSmall(name)
}

func indented(v any) string {
	text, err := json.MarshalIndent(v, "  ", "  ")
	if err != nil {
		return err.Error()
	}
	return "  " + string(text)
}

// checkNames refuses properties that the description does not have: the API would ignore them without a word.
func checkNames(s *description.Schema, prefix string, body json.RawMessage) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return usage("the object cannot be read as JSON: %w", err)
	}
	for name, value := range object {
		p := s.Property(name)
		if p == nil {
			return usage("there is no property %q: it has %s", prefix+name, strings.Join(propertyNames(s), ", "))
		}
		if value = bytes.TrimSpace(value); len(p.Properties) > 0 && len(value) > 0 && value[0] == '{' {
			if err := checkNames(p.Schema, prefix+name+".", value); err != nil {
				return err
			}
		}
	}
	return nil
}

func propertyNames(s *description.Schema) []string {
	var names []string
	for _, p := range s.Properties {
		names = append(names, p.Name)
	}
	return names
}

// with puts a value into an object, at a path of names.
func with(object []byte, path []string, value json.RawMessage) ([]byte, error) {
	var members map[string]json.RawMessage
	if len(object) > 0 && string(object) != "null" {
		if err := json.Unmarshal(object, &members); err != nil {
			return nil, usage("the object cannot be read as JSON: %w", err)
		}
	}
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	if len(path) > 1 {
		inner, err := with(members[path[0]], path[1:], value)
		if err != nil {
			return nil, err
		}
		value = inner
	}
	members[path[0]] = value
	return json.Marshal(members)
}

// canModify reports whether the service of an operation reads an object, edits it and writes it.
func canModify(o *description.Operation) bool {
	service, ok := strings.CutSuffix(o.ID, ".Update")
	t := reflect.TypeFor[*tid.Client]()
	for _, part := range strings.Split(service, ".") {
		field, known := t.Elem().FieldByName(part)
		if !ok || !known {
			return false
		}
		t = field.Type
	}
	_, ok = t.MethodByName("Modify")
	return ok
}

// modify is an update of single properties: the object is read, edited and written as a whole.
func (a *app) modify(cmd *cobra.Command, o *description.Operation, yes, dry *bool) sender {
	sets := cmd.Flags().StringArray("set", nil, "a `property=value` to change; name:=json sets any JSON, null too; may be given many times")
	cmd.Long = strings.Replace(cmd.Long, o.Description, "Reads the object, changes what --set names, shows the difference, and writes the whole of it, since the API clears\nwhat a write leaves out.", 1) +
		"\n\nProperties: " + wrapped(propertyNames(o.Body), "", 110)
	cmd.Example = "  " + "tid " + strings.ReplaceAll(kebab(strings.TrimSuffix(o.ID, ".Update")), ".", " ") + " update 7 --set " + firstText(o.Body) + "=new"
	return func(ctx context.Context, c *tid.Client, where string, args []string) (any, error) {
		if len(*sets) == 0 {
			return nil, usage("there is nothing to change: --set name=value names it")
		}
		changes, paths := []byte("{}"), [][]string{}
		for _, set := range *sets {
			path, raw, err := change(o.Body, set)
			if err != nil {
				return nil, err
			}
			if changes, err = with(changes, path, raw); err != nil {
				return nil, err
			}
			paths = append(paths, path)
		}
		f, kind := method(c, strings.TrimSuffix(o.ID, "Update")+"Modify")
		edit := reflect.MakeFunc(f.Type().In(f.Type().NumIn()-1), func(in []reflect.Value) []reflect.Value {
			err := a.edit(ctx, o, where, in[0].Interface(), changes, paths, *yes, *dry)
			return []reflect.Value{reflect.ValueOf(&err).Elem()}
		})
		return invoke(ctx, f, kind, args, edit)
	}
}

// edit changes an input and shows what that changes: what stands at each of the paths is replaced.
func (a *app) edit(ctx context.Context, o *description.Operation, where string, in any, changes []byte, paths [][]string, yes, dry bool) error {
	before, err := json.Marshal(in)
	if err != nil {
		return err
	}
	for _, path := range paths {
		empty(reflect.ValueOf(in), path)
	}
	if err := json.Unmarshal(changes, in); err != nil {
		return usage("what was set does not fit %s: %w", o, err)
	}
	after, err := json.Marshal(in)
	if err != nil {
		return err
	}
	lines := difference(before, after)
	if len(lines) == 0 {
		fmt.Fprintln(a.env.Stderr, "It is like that already: nothing was sent.")
		return errNotSent
	}
	what := where + "\n" + strings.Join(lines, "\n")
	if yes && !dry { // otherwise the question shows it
		fmt.Fprintln(a.env.Stderr, what)
	}
	return a.agreed(ctx, what, yes, dry)
}

// empty takes away the property at a path: JSON that is read into an object leaves what it does not name.
func empty(v reflect.Value, path []string) {
	if v = reflect.Indirect(v); v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); name != path[0] {
			continue
		}
		if len(path) == 1 {
			v.Field(i).SetZero()
		} else {
			empty(v.Field(i), path[1:])
		}
	}
}

// difference lists the properties that two objects do not share.
func difference(before, after []byte) []string {
	var was, is map[string]json.RawMessage
	_ = json.Unmarshal(before, &was) // both have just been written
	_ = json.Unmarshal(after, &is)
	var lines []string
	show := func(v json.RawMessage) string {
		if v == nil {
			return "(nothing)"
		}
		return string(v)
	}
	either := maps.Clone(was)
	maps.Copy(either, is)
	for _, name := range slices.Sorted(maps.Keys(either)) {
		if !bytes.Equal(was[name], is[name]) {
			lines = append(lines, fmt.Sprintf("  %s: %s -> %s", name, show(was[name]), show(is[name])))
		}
	}
	return lines
}

// change reads name=value or name:=json.
func change(s *description.Schema, set string) (path []string, raw json.RawMessage, err error) {
	name, text, ok := strings.Cut(set, "=")
	if !ok {
		return nil, nil, usage("--set %s: it must be name=value or name:=json", set)
	}
	name, literal := strings.CutSuffix(name, ":")
	path = strings.Split(name, ".")
	of := s
	for _, part := range path {
		p := of.Property(part)
		if p == nil {
			return nil, nil, usage("--set: there is no property %q: it has %s", name, strings.Join(propertyNames(of), ", "))
		}
		of = p.Schema
	}
	if literal {
		if raw, err = parsed(text); err == nil && len(of.Properties) > 0 && strings.HasPrefix(strings.TrimSpace(text), "{") {
			err = checkNames(of, name+".", raw)
		}
	} else {
		raw, err = toJSON(of, text)
	}
	if err != nil {
		return nil, nil, usage("--set %s: %w", name, err)
	}
	return path, raw, nil
}

// firstText is a property for an example.
func firstText(s *description.Schema) string {
	for _, p := range s.Properties {
		if kindOf(p.Schema) == "string" && len(p.Enum) == 0 {
			return p.Name
		}
	}
	return s.Properties[0].Name
}
