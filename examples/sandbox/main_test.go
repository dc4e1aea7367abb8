package main

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo/demotest"
)

// freeAddress is one without a listener.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func TestTheSandboxAnswersEveryClientWithItsCredentials(t *testing.T) {
	addr := freeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan demotest.Result, 1)
	go func() { ended <- demotest.Run(ctx, run, "-addr", addr, "-users", "3", "-secret", "s1", "-token", "t1") }()

	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(ctx, "GET", "http://"+addr+"/v1/Admin/Users", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer t1")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, 10*time.Second, 10*time.Millisecond)
	client, err := tid.NewClient(tid.AppCredentials("ap_sandbox", "s1"), tid.WithBaseURL("http://"+addr))
	require.NoError(t, err)
	page, err := client.Users.List(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, 3, page.TotalItemCount)
	_, err = tid.ExchangeToken(ctx, "ap_sandbox", "sandbox", tid.WithBaseURL("http://"+addr))
	assert.ErrorIs(t, err, tid.ErrUnauthorized)

	cancel()
	got := <-ended
	assert.Zero(t, got.Code)
	assert.Contains(t, got.Stdout, "export VISMATID_BASE_URL=http://"+addr+" VISMATID_APP_ID=ap_sandbox VISMATID_APP_SECRET=s1\n")
}

func TestAnAddressThatCannotBeIsReported(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for addr, says := range map[string]string{
		taken.Addr().String(): "address already in use", "0.0.0.0:8480": "not an address of this machine alone",
		":8480": "not an address of this machine alone", "127.0.0.1": "missing port",
	} {
		got := demotest.Run(t.Context(), run, "-addr", addr)
		assert.Equal(t, 1, got.Code, addr)
		assert.Contains(t, got.Stderr, says)
	}
	demotest.Help(t, run, 1, "-addr address", "-users users")
}
