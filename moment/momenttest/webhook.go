package momenttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// hooked are the entities whose changes are posted.
var hooked = []string{"claims", "customers", "invoices", "offers", "projects"}

// SendWebhook posts to a handler what Moment posts when an object changes, and returns
// the status of its answer. The body is the documented one of invoices,
//
//	{"event":"CREATE_NEW","invoice":{"id":1,"invoiceNumber":1,…}}
//
// and the same for claims, customers, offers and projects (inferred): the object as
// "base" gives it or, if the server has none of that id, its id alone. It panics for
// any other entity.
func (s *Server) SendWebhook(handler http.Handler, event, entity string, id int64) (status int) {
	if !slices.Contains(hooked, entity) {
		panic(fmt.Sprintf("momenttest: SendWebhook: there are webhooks of %s, not of %s", strings.Join(hooked, ", "), entity))
	}
	body := s.webhook(event, entity, id)
	r, err := http.NewRequest(http.MethodPost, "https://integration.example/moment", bytes.NewReader(body))
	if err != nil {
		panic("momenttest: " + err.Error()) // the address is a good one
	}
	r.Header.Set("Content-Type", "application/json")
	w := &recorder{header: http.Header{}}
	handler.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK) // if it has answered nothing
	return w.status
}

// webhook writes the body; the handler is called without the lock, since it asks the server.
func (s *Server) webhook(event, entity string, id int64) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(entity)
	var columns []column
	o := t.objects[id]
	if o != nil {
		columns = t.plain(o)
	}
	name, _ := json.Marshal(event)
	return fmt.Appendf(nil, `{"event":%s,%q:%s}`, name, strings.TrimSuffix(entity, "s"), s.render(t, id, o, columns))
}

// recorder keeps the status of an answer.
type recorder struct {
	header http.Header
	status int
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}
