package doctor_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/cmd/tid/internal/doctor"
	"github.com/vismatid/tid/tidtest"
)

func described(t *testing.T) []*description.Operation {
	t.Helper()
	all, err := description.Operations()
	require.NoError(t, err)
	return all
}

// sample is the account that most tests look at.
var sample = tidtest.WithCompany(tidtest.Sample(1, 8))

// examine runs doctor in a bubble of virtual time, on a server that prepare may change.
func examine(t *testing.T, opts doctor.Options, prepare func(*tidtest.Server), server ...tidtest.Option) (report *doctor.Report, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, append([]tidtest.Option{tidtest.InMemory()}, server...)...)
		if prepare != nil {
			prepare(srv)
		}
		began := time.Now()
		var err error
		report, err = doctor.Run(t.Context(), srv.Client(), described(t), opts)
		require.NoError(t, err)
		took = time.Since(began)
	})
	return report, took
}

func text(t *testing.T, r *doctor.Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.WriteText(&b))
	return b.String()
}

func TestTheAPIAsDescribedGivesNoFinding(t *testing.T) {
	report, took := examine(t, doctor.Options{Requests: doctor.NoLimit}, nil, sample)
	assert.Empty(t, report.Findings, text(t, report))
	t.Log(took, report.Requests, report.Unsettled, "\n", text(t, report))
	for _, o := range report.Operations {
		t.Log(o.Operation, o.Result, o.Why, len(o.Names))
	}
	_ = context.Background
	_ = tid.ErrForbidden
}
