package doctor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid/cmd/tid/internal/doctor"
	"github.com/vismatid/tid/tidtest"
)

// account is everything that can be deleted, and what is kept apart from it.
func account(t *testing.T, srv *tidtest.Server) (deletable, kept string) {
	t.Helper()
	text := func(v any) string {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		return string(raw)
	}
	deletable = text(srv.Contacts.All()) + text(srv.Tasks.All()) + text(srv.MaterialReports.All()) + text(srv.TimeReports.All())
	for _, p := range srv.Projects.All() {
		if !strings.HasPrefix(p.Title, "tid doctor") {
			deletable += text(srv.ProjectComments.Of(p.ID).All())
		}
	}
	for _, task := range srv.Tasks.All() {
		deletable += text(srv.TaskComments.Of(task.ID).All()) + text(srv.TaskChecklists.Of(task.ID).All()) + text(srv.TaskAttachments.Of(task.ID).All())
	}
	kept = text(srv.Projects.All()) + text(srv.Opportunities.All()) + text(srv.Articles.All()) + text(srv.BookingProjects.All()) +
		text(srv.UnhandledSupplierInvoices.All()) + text(srv.Invoices.All())
	return deletable, kept
}

func TestWritesLeaveNothingBehindAndSayWhatTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), sample)
		deletable, kept := account(t, srv)
		srv.DistortWrites(tidtest.Distortion{Operation: "PUT /v1/Core/Contacts/{id}", Ignore: []string{"vatNumber", "postalAddress.city"}})
		report, err := doctor.Run(t.Context(), srv.Client(), described(t), doctor.Options{Requests: 72, Writes: true})
		require.NoError(t, err)
		afterwards, stillKept := account(t, srv)
		assert.Equal(t, deletable, afterwards)
		assert.Equal(t, kept, stillKept)

		results := map[string]doctor.Write{}
		for _, w := range report.Writes {
			results[w.Operation] = w
			if w.Operation != "PUT /v1/Core/Contacts/{id}" {
				assert.Empty(t, w.Ignored, w.Operation)
			}
			assert.Empty(t, w.Unseen, w.Operation)
		}
		for _, op := range described(t) {
			switch {
			case op.Method == "DELETE":
				assert.Equal(t, doctor.Works, results[op.String()].Result, op)
			case op.Body != nil && results[op.String()].Result == doctor.Works:
				assert.NotEmpty(t, results[op.String()].Took, op)
			}
		}
		assert.Equal(t, []string{"postalAddress.city", "vatNumber"}, results["PUT /v1/Core/Contacts/{id}"].Ignored)
		assert.Contains(t, results["POST /v1/Core/Tasks/{taskId}/Checklists"].Took, "items.text")
		assert.Equal(t, doctor.NotTried, results["POST /v1/Core/Projects"].Result)
		assert.Equal(t, "the API cannot delete it again", results["POST /v1/Core/Projects"].Why)
	})
}

func TestWhatCannotBeDeletedIsCreatedOnlyIfThatIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), sample)
		deletable, _ := account(t, srv)
		client := srv.Client()
		_, err := doctor.Run(t.Context(), client, described(t), doctor.Options{WritesKept: true})
		require.Error(t, err, "it is no way to write without saying so")

		before := srv.Projects.Len()
		report, err := doctor.Run(t.Context(), client, described(t), doctor.Options{Requests: 72, Writes: true, WritesKept: true})
		require.NoError(t, err)
		afterwards, _ := account(t, srv)
		assert.Equal(t, deletable, afterwards)
		assert.Equal(t, before+1, srv.Projects.Len())
		for _, o := range report.Operations {
			if !strings.HasPrefix(o.Operation, "PATCH") && !strings.HasSuffix(o.Operation, "/Auth/Token") {
				assert.Equal(t, doctor.Works, o.Result, o.Operation)
			}
		}
	})
}

// few is an account that is quick to read, and enough to write to.
var few = tidtest.WithCompany(tidtest.Sample(1, 2))

// A run may end or fail at every one of its writes.
func TestWhateverHappensNothingIsLeft(t *testing.T) {
	writing := slices.DeleteFunc(tidtest.Operations(), func(op string) bool {
		return strings.HasPrefix(op, "GET") || strings.HasSuffix(op, "/Auth/Token") || strings.HasPrefix(op, "PATCH")
	})
	effects := []tidtest.Effect{tidtest.DropAfter(), tidtest.AnswerAfter(500, ""), tidtest.Answer(400, "")}
	for i, op := range writing {
		effect := effects[i%3]
		if strings.HasPrefix(op, "DELETE") {
			effect = effects[i%2] // what is refused for good is left, and said: see below
		}
		t.Run(op, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory(), few)
				deletable, _ := account(t, srv)
				srv.Inject(tidtest.Fault{Operation: op, Effect: effect})
				_, err := doctor.Run(t.Context(), srv.Client(), described(t), doctor.Options{Requests: 28, Writes: true})
				require.NoError(t, err)
				afterwards, _ := account(t, srv)
				assert.Equal(t, deletable, afterwards)
			})
		})
	}
	for n := range 30 {
		t.Run(fmt.Sprint("ended at write ", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				writes := 0
				srv := tidtest.NewServer(t, tidtest.InMemory(), few, tidtest.WithBeforeRequest(func(_ *tidtest.Server, r tidtest.Request) {
					if r.Method != "GET" {
						if writes++; writes == n+2 { // the first is the token's
							stop()
						}
					}
				}))
				deletable, _ := account(t, srv)
				_, _ = doctor.Run(ctx, srv.Client(), described(t), doctor.Options{Requests: 28, Writes: true})
				afterwards, _ := account(t, srv)
				assert.Equal(t, deletable, afterwards)
			})
		})
	}
}

func TestWhatIsLeftIsSaid(t *testing.T) {
	report, _ := examine(t, doctor.Options{Requests: 28, Writes: true}, func(srv *tidtest.Server) {
		srv.Inject(tidtest.Fault{Operation: "DELETE /v1/Core/Contacts/{id}", Times: 10, Effect: tidtest.Answer(403, "")})
	}, few)
	assert.Contains(t, text(t, report), "DELETE /v1/Core/Contacts/{id}; 403: the application lacks the permission for it: an object whose name begins with “tid doctor” may be left")
}
