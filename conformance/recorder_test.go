package conformance

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answer is a transport that gives one answer and keeps what was sent.
type answer struct {
	status      int
	contentType string
	body        io.Reader
	err         error
	sent        string
}

func (a *answer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		sent, _ := io.ReadAll(r.Body)
		a.sent = string(sent)
	}
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{
		StatusCode: a.status,
		Header:     http.Header{"Content-Type": {a.contentType}},
		Body:       io.NopCloser(a.body),
		Request:    r,
	}, nil
}

func send(t *testing.T, r *Recorder, method, path, body string) (string, error) {
	t.Helper()
	req, err := http.NewRequest(method, "http://tid.example"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return string(got), err
}

func TestRecorderPassesBodiesOn(t *testing.T) {
	base := &answer{status: 200, contentType: "application/json", body: strings.NewReader(`{"id":1}`)}
	r := &Recorder{Spec: load(t), Base: base}
	got, err := send(t, r, "POST", "/v1/Core/Tasks", `{"title":"x"}`)
	if err != nil || got != `{"id":1}` || base.sent != `{"title":"x"}` {
		t.Errorf("sent %q, got %q, %v", base.sent, got, err)
	}
	calls := r.Calls()
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	if c := calls[0]; c.Operation.ID != "Tasks.Create" || c.Status != 200 || len(c.Request)+len(c.Response) > 0 {
		t.Errorf("recorded %+v", c)
	}
	if n := len(r.Unreached()); n != 89 {
		t.Errorf("%d operations are unreached, not 89", n)
	}
}

func TestRecorderFindsViolations(t *testing.T) {
	r := &Recorder{Spec: load(t), Base: &answer{status: 200, contentType: "application/json", body: strings.NewReader(`{"id":"1"}`)}}
	if _, err := send(t, r, "POST", "/v1/Core/Tasks", `{"titel":"x"}`); err != nil {
		t.Fatal(err)
	}
	if c := r.Calls()[0]; len(c.Request) != 2 || len(c.Response) != 1 {
		t.Errorf("recorded %+v", c)
	}
	if _, err := send(t, r, "GET", "/v1/Core/Nowhere", ""); err != nil {
		t.Fatal(err)
	}
	if c := r.Calls()[1]; c.Operation != nil || len(c.Request) != 1 {
		t.Errorf("recorded %+v", c)
	}
}

func TestRecorderStreamsFiles(t *testing.T) {
	file, writer := io.Pipe()
	r := &Recorder{Spec: load(t), Base: &answer{status: 200, contentType: "application/pdf", body: file}}
	go func() {
		io.WriteString(writer, "%PDF")
		for len(r.Calls()) == 0 { // the response arrives before the file ends
			time.Sleep(time.Millisecond)
		}
		io.WriteString(writer, "-1.7")
		writer.Close()
	}()
	got, err := send(t, r, "GET", "/v1/Core/Offers/7/Download", "")
	if err != nil || got != "%PDF-1.7" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRecorderPassesErrorsOn(t *testing.T) {
	cut := errors.New("cut off")
	r := &Recorder{Spec: load(t), Base: &answer{err: cut}}
	if _, err := send(t, r, "GET", "/v1/Core/Contacts/1", ""); !errors.Is(err, cut) {
		t.Errorf("got %v", err)
	}
	r.Base = &answer{status: 200, contentType: "application/json", body: io.MultiReader(strings.NewReader(`{"id":`), failing{cut})}
	got, err := send(t, r, "GET", "/v1/Core/Contacts/1", "")
	if got != `{"id":` || !errors.Is(err, cut) {
		t.Errorf("got %q, %v", got, err)
	}
	if c := r.Calls(); len(c) != 2 || c[0].Status != 0 || len(c[1].Response) != 1 {
		t.Errorf("recorded %+v", c)
	}
}
