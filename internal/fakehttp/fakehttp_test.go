package fakehttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid/internal/fakehttp"
)

func TestAnAnswerIsTheSameByEitherWay(t *testing.T) {
	for _, rep := range []fakehttp.Reply{
		{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("as it is")},
		{Status: 204, Header: http.Header{}},
		{Status: 200, Header: http.Header{}, Body: []byte("in pieces"), Piece: 2, Pause: time.Microsecond},
		{Status: 200, Header: http.Header{}, Body: []byte("cut off"), Broken: fakehttp.BrokenCut, Cut: 3},
		{Broken: fakehttp.BrokenClosed},
		{Broken: fakehttp.BrokenReset},
	} {
		var asked []string
		exchange := func(_ context.Context, in fakehttp.Inbound) (fakehttp.Reply, error) {
			asked = append(asked, in.Method+" "+in.URL.Path+" "+string(in.Body))
			return rep, nil
		}
		ask := func(transport http.RoundTripper, url string) (status int, typ string, length int64, body string, err error) {
			res, err := (&http.Client{Transport: transport}).Post(url+"/things", "text/plain", strings.NewReader("please"))
			if err != nil {
				return 0, "", 0, "", err
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			return res.StatusCode, res.Header.Get("Content-Type"), res.ContentLength, string(text), err
		}
		memory, listening := fakehttp.Endpoint{Exchange: exchange}, fakehttp.Endpoint{Exchange: exchange}
		url, err := listening.ListenLocally()
		require.NoError(t, err)
		over := &http.Transport{}
		status, typ, length, body, failed := ask(over, url)
		over.CloseIdleConnections()
		listening.Close()
		again, againTyp, againLength, againBody, againFailed := ask(memory.InMemory("fake.example"), "https://fake.example")
		assert.Equal(t, []any{status, length, body}, []any{again, againLength, againBody})
		if rep.Header.Get("Content-Type") != "" { // net/http guesses what is not said
			assert.Equal(t, typ, againTyp)
		}
		assert.Equal(t, rep.Broken != fakehttp.BrokenNot, failed != nil)
		for _, kind := range []error{io.EOF, io.ErrUnexpectedEOF} {
			assert.Equal(t, errors.Is(failed, kind), errors.Is(againFailed, kind), "%v, %v", failed, againFailed)
		}
		assert.Equal(t, []string{"POST /things please", "POST /things please"}, asked)
	}
}

func TestAFaultTakesTheRequestsThatItNames(t *testing.T) {
	share := 0.0
	faults := fakehttp.Faults[string]{Random: func() float64 { return share }}
	take := func(operations ...string) string {
		var taken []string
		for _, op := range operations {
			taken = append(taken, faults.Take(op, func(effect string) bool { return effect != "late" }))
		}
		return strings.Join(taken, ",")
	}
	one := faults.Inject(fakehttp.Fault[string]{Operation: "GET /a/{id}", Skip: 1, Times: 2, Effect: "one"})
	assert.Equal(t, ",,,one,one,", take("GET /a/{id}", "POST /a/{id}", "", "GET /a/{id}", "GET /a/{id}", "GET /a/{id}"))
	assert.Equal(t, 2, one.Hits())

	faults.Inject(fakehttp.Fault[string]{Operation: "PUT", Effect: "method"})
	faults.Inject(fakehttp.Fault[string]{Effect: "late"})
	faults.Inject(fakehttp.Fault[string]{Effect: "any"})
	assert.Equal(t, "method,any,", take("PUT /a/{id}", "", ""), "each of them once, the oldest first, and none whose time has not come")

	half := faults.Inject(fakehttp.Fault[string]{Share: 0.5, Effect: "half"})
	assert.Equal(t, "half,half", take("GET /a", "GET /b"))
	share = 0.5
	assert.Equal(t, "", take("GET /a"))
	share = 0
	half.Remove()
	assert.Equal(t, "", take("GET /a"))

	faults.Inject(fakehttp.Fault[string]{Effect: "cleared"})
	faults.Clear()
	assert.Equal(t, "", take("GET /a"))
}

func TestALogHoldsTheLatest(t *testing.T) {
	log := fakehttp.Log[int]{Most: 3}
	for i := range 10 {
		log.Add(i)
		assert.Equal(t, min(3, i+1), len(log.All()))
		assert.Equal(t, i, log.All()[len(log.All())-1])
	}
	assert.Equal(t, []int{7, 8, 9}, log.All())
	log.Reset()
	assert.Empty(t, log.All())

	var none fakehttp.Log[int]
	none.Add(1)
	assert.Empty(t, none.All())
}
