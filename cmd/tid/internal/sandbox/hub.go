package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/vismatid/tid/tidtest"
)

// The memory that the log of requests may take is bounded by these.
const (
	mostEntries = 200
	mostBody    = 4 << 10 // bytes of a body that are kept
	mostText    = 1 << 10 // bytes of a path or a query that are kept
	mostReaders = 16
	backlog     = 64 // events that a reader may be behind
)

// An entry is what the page shows of a request.
type entry struct {
	Time        time.Time `json:"time"`
	Method      string    `json:"method"`
	Path        string    `json:"path"`
	Query       string    `json:"query"`
	Operation   string    `json:"operation"`
	Status      int       `json:"status"` // 0 if the connection broke
	Took        float64   `json:"took"`   // milliseconds
	Wait        string    `json:"wait"`   // what the answer asked to wait
	RateLimited bool      `json:"rateLimited"`
	Faulty      bool      `json:"faulty"`
	Request     body      `json:"request"`
	Response    body      `json:"response"`
}

// A body is the beginning of one.
type body struct {
	Text string `json:"text"`
	Kind string `json:"kind"`
	Size int    `json:"size"`
	Cut  bool   `json:"cut"`
}

func newEntry(r tidtest.Request, res tidtest.Response) entry {
	return entry{
		Time: r.Time, Method: cut(r.Method, 16), Path: cut(r.Path, mostText), Query: cut(r.Query.Encode(), mostText), Operation: r.Operation,
		Status: r.Status, Took: float64(res.Took.Microseconds()) / 1000, Wait: cut(res.Header.Get("Retry-After"), 16),
		RateLimited: r.RateLimited, Faulty: r.Faulty,
		Request:  newBody(r.Body, r.Header.Get("Content-Type")),
		Response: newBody(res.Body, res.Header.Get("Content-Type")),
	}
}

func newBody(content []byte, kind string) body {
	kind, _, _ = strings.Cut(kind, ";")
	b := body{Kind: cut(kind, 100), Size: len(content), Cut: len(content) > mostBody}
	text := cut(string(content[:min(len(content), mostBody+utf8.UTFMax)]), mostBody)
	if b.Text = text; !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		b.Text = "" // a file
	}
	return b
}

// cut is the beginning of a text, whole characters of it, in memory of its own.
func cut(s string, most int) string {
	if len(s) > most {
		for most > 0 && !utf8.RuneStart(s[most]) {
			most--
		}
		s = s[:most]
	}
	return strings.Clone(s)
}

// An event is one that readers of the page are told.
type event struct {
	kind string // "clear", "request" or "state"
	data []byte
}

// A hub keeps the latest requests and tells the readers of them.
type hub struct {
	mu      sync.Mutex
	latest  []event
	readers map[chan event]bool
}

func newHub() *hub { return &hub{readers: map[chan event]bool{}} }

func newEvent(kind string, v any) event {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // only values of our own come here
	}
	return event{kind, data}
}

// request takes up a request.
func (h *hub) request(e entry) {
	ev := newEvent("request", e)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.latest = append(h.latest, ev); len(h.latest) >= 2*mostEntries {
		h.latest = slices.Clone(h.latest[mostEntries:])
	}
	h.send(ev)
}

// state tells how things stand.
func (h *hub) state(v any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.send(newEvent("state", v))
}

// clear forgets all requests.
func (h *hub) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest = nil
	h.send(newEvent("clear", nil))
}

// send tells every reader. One that is too far behind is let go: its browser comes back, and begins anew.
func (h *hub) send(ev event) {
	for reader := range h.readers {
		select {
		case reader <- ev:
		default:
			delete(h.readers, reader)
			close(reader)
		}
	}
}

// read reports whether a page is connected.
func (h *hub) read() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.readers) > 0
}

// join makes a reader, and returns what it has missed. There is none if there are too many already.
func (h *hub) join() (reader chan event, missed []event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.readers) >= mostReaders {
		return nil, nil
	}
	reader = make(chan event, backlog)
	h.readers[reader] = true
	return reader, append([]event{newEvent("clear", nil)}, h.latest[max(0, len(h.latest)-mostEntries):]...)
}

func (h *hub) leave(reader chan event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readers[reader] {
		delete(h.readers, reader)
		close(reader)
	}
}

// slowest is how long an event may take to be written.
const slowest = 10 * time.Second

// stream sends events until the reader has gone or is too slow. state is how things stand now.
func (h *hub) stream(w http.ResponseWriter, r *http.Request, state func() any) {
	reader, missed := h.join()
	if reader == nil {
		http.Error(w, "Too many pages look at the sandbox.", http.StatusServiceUnavailable)
		return
	}
	defer h.leave(reader)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	out := http.NewResponseController(w)
	write := func(events ...event) bool {
		_ = out.SetWriteDeadline(time.Now().Add(slowest)) // every connection of net/http has one
		for _, ev := range events {
			if _, err := w.Write([]byte("event: " + ev.kind + "\ndata: " + string(ev.data) + "\n\n")); err != nil {
				return false
			}
		}
		return out.Flush() == nil
	}
	if !write(append(missed, newEvent("state", state()))...) {
		return
	}
	for {
		select {
		case ev, ok := <-reader:
			if !ok || !write(ev) {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}
