package tidtest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/operations"
	"github.com/vismatid/tid/tidtest/internal/schema"
	"github.com/vismatid/tid/tidtest/internal/shapes"
)

// A Distortion is an API that does not do with a POST or a PUT what it was sent:
//
//	srv.DistortWrites(tidtest.Distortion{Operation: "PUT /v1/Core/Contacts/{id}", Ignore: []string{"vatNumber"}})
//
// Stores, and what they are filled with, are never distorted.
type Distortion struct {
	// Operation is the name of the operation that does so, as Operations gives them; "POST" or "PUT" is every operation of
	// that method; empty is every one of both that writes an object.
	Operation string
	// Ignore names properties of request bodies, a nested one by its path, that are passed over as if they were unknown: an
	// update leaves the object what it had, a create does without. Where a body has no such nested object there is nothing
	// to leave.
	Ignore []string
	// Clear names properties of the objects, as answers have them and a nested one by its path, that are cleared beside.
	Clear []string
	// Answer is how the object is answered, the whole of it if not set.
	Answer WriteAnswer
	// Show names the properties that an AnswerPart has.
	Show []string
}

// WriteAnswer is how a write that has been made is answered.
type WriteAnswer uint8

// The answers.
const (
	AnswerWhole   WriteAnswer = iota // the object as it is held
	AnswerEmpty                      // nothing
	AnswerPart                       // the id, the objectName and what Distortion.Show names
	AnswerRespelt                    // every value in another spelling: 7.5000, "Company", days with a time, other orders, space around texts
)

// DistortWrites makes writes come out differently from now on, until remove is called. Where several distortions concern an
// operation, what any of them ignores or clears is ignored or cleared, and the last one that sets an answer decides about that.
// It panics if there is no such operation, or none that has what the distortion names.
func (s *Server) DistortWrites(d Distortion) (remove func()) {
	d.Ignore, d.Clear, d.Show = slices.Clone(d.Ignore), slices.Clone(d.Clear), slices.Clone(d.Show)
	s.account.Lock()
	defer s.account.Unlock()
	var concerned []*account.Resource
	for _, op := range s.operations {
		if d.concerns(op) {
			concerned = append(concerned, op.Resource)
		}
	}
	if len(concerned) == 0 {
		panic("tidtest: no operation " + d.Operation + " that writes an object")
	}
	for names, known := range map[*[]string]func(*account.Resource, string) bool{&d.Ignore: takes, &d.Clear: holds, &d.Show: shows} {
		for _, name := range *names {
			if !slices.ContainsFunc(concerned, func(res *account.Resource) bool { return known(res, name) }) {
				panic("tidtest: no property " + name + " that could be distorted in " + d.Operation)
			}
		}
	}
	if len(d.Show) > 0 && d.Answer != AnswerPart {
		panic("tidtest: only an AnswerPart shows some properties, and the others all or none")
	}
	s.distortions = append(s.distortions, &d)
	return func() {
		s.account.Lock()
		defer s.account.Unlock()
		s.distortions = slices.DeleteFunc(s.distortions, func(other *Distortion) bool { return other == &d })
	}
}

func (d *Distortion) concerns(op *operations.Operation) bool {
	writes := op.Resource.Write != nil && (op.Method == http.MethodPost || op.Method == http.MethodPut)
	return writes && (d.Operation == "" || d.Operation == op.Method || d.Operation == op.Name)
}

// takes says whether request bodies have a property that is kept as it is, holds whether objects have one that can be
// cleared, and shows whether answers have one.
func takes(res *account.Resource, path string) bool {
	name, inner, nested := strings.Cut(path, ".")
	return slices.ContainsFunc(res.Write, func(p account.Prop) bool {
		return p.Name == name && (!nested || len(p.Sets) > 0 && p.As.Kind == schema.Object && p.As.Of.ByName[inner] != nil)
	})
}

func holds(res *account.Resource, path string) bool {
	f, _ := res.Schema.LookUp(path)
	return f != nil && f.Name != "id" && !f.Kept
}

func shows(res *account.Resource, name string) bool {
	f, in := res.Schema.LookUp(name)
	return f != nil && in == nil && !f.Kept
}

// distortion is all that concerns an operation; the lock of the account is held.
func (s *Server) distortion(op *operations.Operation) operations.Distortion {
	all, ignored := Distortion{}, map[string]bool{}
	for _, d := range s.distortions {
		if !d.concerns(op) {
			continue
		}
		for _, name := range d.Ignore {
			ignored[name] = true
		}
		all.Clear = append(all.Clear, d.Clear...)
		if d.Answer != AnswerWhole {
			all.Answer, all.Show = d.Answer, d.Show
		}
	}
	return operations.Distortion{Ignored: ignored, Clear: all.Clear, Answer: all.answer}
}

// answer is the answer to a write.
func (d *Distortion) answer(w *shapes.Writer, ch *account.Change) reply {
	switch d.Answer {
	case AnswerEmpty:
		return operations.Empty()
	case AnswerRespelt:
		w.Respell()
	}
	body := w.Record(nil, ch.Res, ch.New)
	if d.Answer == AnswerPart {
		part := []byte{'{'}
		_ = schema.Members(body, func(name string, value []byte) error { // whose names are those of the table
			if name == "id" || name == "objectName" || slices.Contains(d.Show, name) {
				if len(part) > 1 {
					part = append(part, ',')
				}
				part = append(append(schema.AppendString(part, name), ':'), value...)
			}
			return nil
		})
		body = append(part, '}')
	}
	return operations.RawJSON(http.StatusOK, body)
}
