package conformance

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vismatid/tid"
)

// TestMethodsPassAgainstPrism calls every method of every service against a mock
// server that knows nothing but the description: it answers the examples in it
// or, in its dynamic mode, anything that the schemas allow, and refuses what the
// description does not.
//
// api/validate installs the server. Without it the test is skipped, unless
// REQUIRE_PRISM is set.
func TestMethodsPassAgainstPrism(t *testing.T) {
	prism := filepath.Join("..", "api", "node_modules", ".bin", "prism")
	if _, err := os.Stat(prism); err != nil {
		if os.Getenv("REQUIRE_PRISM") != "" {
			t.Fatal(err)
		}
		t.Skip("Prism is not installed: run api/validate")
	}
	spec := load(t)
	for mode, flags := range map[string][]string{
		"static":  nil,
		"dynamic": {"--dynamic", "--seed", "visma tid"},
	} {
		t.Run(mode, func(t *testing.T) {
			base := mock(t, prism, flags...)
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			recorder := &Recorder{Spec: spec, Base: transport}
			// What is made up counts no pages that a walk could believe, and holds nothing of what was sent.
			client := newClient(t, recorder, tid.WithBaseURL(base), tid.WithoutWalkChecks(), tid.WithWriteCheck(tid.WriteCheckOff))

			called := map[string]bool{}
			for _, c := range invocations(t, spec, client) {
				called[c.name] = true
				if mode == "dynamic" && strings.HasSuffix(c.name, ".Follow") {
					continue // nothing turns its checks off
				}
				if _, err := c.do(t); err != nil {
					t.Errorf("%s: %v", c, err)
				}
			}
			if _, err := tid.ExchangeToken(t.Context(), "ap_1", "secret",
				tid.WithBaseURL(base), tid.WithHTTPClient(&http.Client{Transport: recorder})); err != nil {
				t.Errorf("ExchangeToken: %v", err)
			}
			for _, call := range recorder.Calls() {
				for _, v := range slices.Concat(call.Request, call.Response) {
					t.Errorf("%s %s: %s", call.Method, call.URL, v)
				}
			}
			for _, o := range recorder.Unreached() {
				t.Errorf("%s: no method reaches %s", o.ID, o)
			}
			t.Logf("%d methods, %d requests", len(called), len(recorder.Calls()))

			unsorted := url.Values{"sortBy": {"invented"}}
			if err := client.Do(t.Context(), "GET", "v1/Core/Contacts", unsorted, nil, nil); err == nil {
				t.Error("a sort key that is not described is not refused")
			}
			if err := client.Do(t.Context(), "GET", "v1/Core/Invented", nil, nil, nil); !errors.Is(err, tid.ErrNotFound) {
				t.Errorf("a path that is not described: %v", err)
			}
		})
	}
}

// mock starts Prism on a free port until the test ends, and returns its address.
func mock(t *testing.T, prism string, flags ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()

	server := exec.CommandContext(t.Context(), prism, slices.Concat([]string{"mock", "--host", host, "--port", port}, flags, []string{DefaultPath})...)
	output, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	server.Stderr = server.Stdout
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	t.Cleanup(func() {
		server.Process.Kill()
		<-drained
		server.Wait()
	})
	lines := bufio.NewScanner(output)
	var said []string
	for lines.Scan() {
		if said = append(said, lines.Text()); strings.Contains(lines.Text(), "listening on") {
			go func() {
				defer close(drained)
				io.Copy(io.Discard, output)
			}()
			return "http://" + net.JoinHostPort(host, port)
		}
	}
	close(drained)
	t.Fatalf("Prism does not start:\n%s", strings.Join(said, "\n"))
	return ""
}
