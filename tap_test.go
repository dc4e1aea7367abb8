package tid_test

import (
	"encoding/json"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/internal/tap"
	"github.com/vismatid/tid/tidtest"
)

func TestATapIsShownPagesAndDetailsAsTheyCame(t *testing.T) {
	srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0))
	srv.AddProperties("v1/Core/Projects", "margin")
	id := srv.PutJSON("v1/Core/Projects", `{"title":"Taket","margin":12.50}`)
	srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Projects", Times: 1, Effect: tidtest.CutBody(20)})
	client := srv.Client(tid.WithLimiter(nil))
	_, err := client.Users.List(t.Context(), nil) // fetches the token
	require.NoError(t, err)

	var attempts atomic.Int64
	shown := make(map[any]string)
	ctx := tap.With(t.Context(), &tap.Tap{Attempt: func() { attempts.Add(1) }, Answer: func(out any, body []byte) { shown[out] = string(body) }})
	page, err := client.Projects.List(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, int64(2), attempts.Load(), "the first answer was cut off")
	project, err := client.Projects.Get(ctx, id)
	require.NoError(t, err)
	_, err = client.Projects.Get(ctx, id+1)
	require.ErrorIs(t, err, tid.ErrNotFound)

	require.Len(t, shown, 2, "only answers that could be read")
	assert.True(t, json.Valid([]byte(shown[page])))
	assert.Contains(t, shown[page], `"totalItemCount":1`)
	assert.Contains(t, shown[project], `"margin":12.5`)
}
