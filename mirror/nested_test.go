package mirror

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// requireNestedEqual requires that the mirror has what the stores of the fake have of the
// nested lists, row for row and value for value.
func requireNestedEqual(t testing.TB, m *Mirror, srv *tidtest.Server) (rows int) {
	t.Helper()
	var projects, tasks []int64
	for _, p := range srv.Projects.All() {
		projects = append(projects, p.ID)
	}
	for _, task := range srv.Tasks.All() {
		tasks = append(tasks, task.ID)
	}
	comments := func(all []tid.Comment) []tid.Comment { // the API uses either key
		for i := range all {
			c := &all[i]
			c.Text, c.User = cmp.Or(c.Text, c.Comment), cmp.Or(c.User, c.CreatedBy)
			c.Comment, c.CreatedBy = c.Text, c.User
		}
		return all
	}
	for _, nested := range []struct {
		table   string
		parents []int64
		of      func(int64) any
	}{
		{"project_comments", projects, func(id int64) any { return comments(srv.ProjectComments.Of(id).All()) }},
		{"task_comments", tasks, func(id int64) any { return comments(srv.TaskComments.Of(id).All()) }},
		{"task_checklists", tasks, func(id int64) any { return srv.TaskChecklists.Of(id).All() }},
		{"task_attachments", tasks, func(id int64) any { return srv.TaskAttachments.Of(id).All() }},
	} {
		tbl := listNamed(t, nested.table).table
		want := map[string]map[string]map[string]string{tbl.name: {}}
		for _, child := range tbl.children {
			want[child.name] = map[string]map[string]string{}
		}
		for _, parent := range nested.parents {
			for name, own := range expected(t, tbl, nested.of(parent)) {
				for id, values := range own {
					want[name][fmt.Sprint(parent)+"/"+id] = values
				}
			}
		}
		for _, tbl := range append([]*table{tbl}, tbl.children...) {
			got := held(t, m, tbl, "acme")
			same(t, tbl, maps.Clone(want[tbl.name]), got)
			rows += len(got)
		}
	}
	return rows
}

var withNested = Options{Account: "acme", Only: []string{"projects", "tasks"}, Nested: true}

func syncNested(t testing.TB, m *Mirror, client *tid.Client, opts Options) *Report {
	t.Helper()
	report, err := m.Sync(t.Context(), client, opts)
	require.NoError(t, err)
	return report
}

// written is an account with comments, checklists and attachments.
func written(t testing.TB, opts ...tidtest.Option) (*tidtest.Server, *tid.Client) {
	srv, client := company(t, opts...)
	project, task := srv.Projects.All()[0].ID, srv.Tasks.All()[0].ID
	for range 120 { // two pages
		srv.ProjectComments.Of(project).Put(tid.Comment{Text: "Hej"})
	}
	srv.TaskComments.Of(task).Put(tid.Comment{Text: "Klart på fredag"})
	srv.TaskChecklists.Of(task).Put(tid.Checklist{Name: "Före start", Items: []tid.ChecklistItem{{ID: 1, Text: "Nycklar", IsCompleted: true}, {ID: 2, Text: "Larm"}}})
	srv.TaskAttachments.Of(task).Put(tid.Attachment{Name: "Ritning", Provider: tid.AttachmentDropbox, Size: 12})
	return srv, client
}

func TestWhatBelongsToProjectsAndTasksIsMirroredRowForRow(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := written(t)
		m := newMirror(t, d)
		syncNested(t, m, client, withNested)
		assert.Greater(t, requireNestedEqual(t, m, srv), 125)

		project, task := srv.Projects.All()[0].ID, srv.Tasks.All()[0].ID
		comment := srv.ProjectComments.Of(project).All()[3]
		srv.ProjectComments.Of(project).Delete(comment.ID)
		list := srv.TaskChecklists.Of(task).All()[0]
		srv.TaskChecklists.Of(task).Update(list.ID, func(l *tid.Checklist) { l.Items = l.Items[:1] })
		srv.Projects.Update(project, func(p *tid.Project) { p.Title = "Nytt namn" })
		srv.Tasks.Update(task, func(t *tid.Task) { t.Description = "Nu" })
		report := syncNested(t, m, client, withNested)
		requireNestedEqual(t, m, srv)
		assert.Equal(t, 1, reportOf(t, report, "project_comments").Deleted)
		assert.Equal(t, "1", value(t, m, "SELECT count(*) FROM project_comments WHERE deleted_at IS NOT NULL"))
	})
}

func TestListsOfEachProjectAndTaskAreReadOnlyOnRequest(t *testing.T) {
	srv, client := written(t)
	m := newMirror(t, SQLite)
	syncAll(t, m, client)
	assert.Equal(t, "0", value(t, m, "SELECT count(*) FROM project_comments"))
	report := syncNested(t, m, client, Options{Account: "acme", Only: []string{"project-comments"}})
	require.Len(t, report.Lists, 1)
	assert.Equal(t, srv.Projects.Len()+1, report.Lists[0].Requests, "one for each project, and one for the second page")
	report = syncNested(t, m, client, Options{Account: "acme", Nested: true})
	assert.Len(t, report.Lists, len(Tables()))
	requireNestedEqual(t, m, srv)
}

func TestUnchangedProjectsAndTasksCostOneRequestForEachList(t *testing.T) {
	srv, client := written(t)
	m := newMirror(t, SQLite)
	plan, err := m.Plan(t.Context(), client, withNested)
	require.NoError(t, err)
	for i, did := range syncNested(t, m, client, withNested).Lists {
		assert.Equal(t, did.Table, plan[i].Table)
		assert.InDelta(t, did.Requests, plan[i].Requests, 2, did.Table)
	}
	// A comment that does not change its project shows when it is the project's turn.
	quiet := srv.Projects.All()[2].ID
	srv.ProjectComments.Of(quiet).Put(tid.Comment{Text: "Ny"})
	for range srv.Projects.Len() {
		plan, err := m.Plan(t.Context(), client, withNested)
		require.NoError(t, err)
		for i, did := range syncNested(t, m, client, withNested).Lists {
			assert.LessOrEqual(t, did.Requests, 2, did.Table)
			assert.InDelta(t, did.Requests, plan[i].Requests, 1, did.Table)
		}
	}
	requireNestedEqual(t, m, srv)
	srv.ProjectComments.Of(quiet).Put(tid.Comment{Text: "Ännu en"})
	whole := withNested
	whole.Whole = true
	syncNested(t, m, client, whole)
	requireNestedEqual(t, m, srv)
}

func TestWhatBelongsToADeletedRowIsMarkedAsDeleted(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := written(t)
		m := newMirror(t, d)
		gone := srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{Title: "Nytt projekt"}})
		srv.ProjectComments.Of(gone).Put(tid.Comment{Text: "Hej"})
		syncNested(t, m, client, withNested)
		requireNestedEqual(t, m, srv)

		// The project is deleted after the list of projects was read.
		srv.ProjectComments.Of(gone).Put(tid.Comment{Text: "Hej igen"})
		srv.Projects.Update(gone, func(p *tid.Project) { p.Title = "Nytt namn" })
		syncNested(t, m, client, Options{Account: "acme", Only: []string{"projects"}})
		require.True(t, srv.Projects.Delete(gone))
		report := syncNested(t, m, client, Options{Account: "acme", Only: []string{"project-comments"}})
		assert.Equal(t, 1, report.Lists[0].Deleted)
		assert.Equal(t, "1", value(t, m, "SELECT count(*) FROM project_comments WHERE deleted_at IS NOT NULL"))
		syncNested(t, m, client, withNested)
		requireNestedEqual(t, m, srv)

		other := srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{Title: "Ett till"}})
		srv.ProjectComments.Of(other).Put(tid.Comment{Text: "Hej"})
		syncNested(t, m, client, withNested)
		require.True(t, srv.Projects.Delete(other))
		report = syncNested(t, m, client, withNested)
		assert.Equal(t, 1, reportOf(t, report, "project_comments").Deleted)
		assert.Equal(t, "2", value(t, m, "SELECT count(*) FROM project_comments WHERE deleted_at IS NOT NULL"))
		requireNestedEqual(t, m, srv)
	})
}

func TestAListThatTheAPIHasForNoTaskIsAnError(t *testing.T) {
	srv, client := written(t)
	m := newMirror(t, SQLite)
	srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Tasks/{taskId}/Comments", Share: 1, Effect: tidtest.Answer(404, "")})
	report, err := m.Sync(t.Context(), client, withNested)
	require.ErrorIs(t, err, tid.ErrNotFound)
	for _, l := range report.Lists {
		assert.Equal(t, l.Table == "task_comments", l.Error != "", l.Table)
	}
}

// TestARunOfNestedListsThatIsEndedIsContinued ends runs at any request.
func TestARunOfNestedListsThatIsEndedIsContinued(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		database := emptyDatabase(t, d)
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(4, 4))
			left := 0
			var end context.CancelFunc
			turns := make(chan struct{}, 1)
			srv, client := written(t, tidtest.WithBeforeRequest(func(*tidtest.Server, tidtest.Request) {
				turns <- struct{}{}
				if left--; left == 0 {
					end()
				}
				<-turns
			}))
			m := open(t, database)
			for range 12 {
				var ctx context.Context
				ctx, end = context.WithCancel(t.Context())
				project, task := pick(rnd, srv.Projects.All()).ID, pick(rnd, srv.Tasks.All()).ID
				srv.ProjectComments.Of(project).Put(tid.Comment{Text: "Hej"})
				if all := srv.TaskComments.Of(task).All(); len(all) > 0 {
					srv.TaskComments.Of(task).Delete(all[0].ID)
				}
				left = 5 + rnd.IntN(60)
				_, err := m.Sync(ctx, client, withNested)
				if left > 0 {
					require.NoError(t, err)
				}
				end()
				time.Sleep(leaseTime + time.Second)
			}
			left = 0
			whole := withNested
			whole.Whole = true
			syncNested(t, m, client, whole)
			requireNestedEqual(t, m, srv)
			require.NoError(t, m.Close())
		})
	})
}

// A project that the API does not have any more is asked for in vain as long as the mirror
// has it.
func TestADeletedProjectKeepsNoOtherFromItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := written(t)
		deleted := srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{Title: "Nytt projekt"}})
		m := newMirror(t, SQLite)
		syncNested(t, m, client, withNested)
		require.True(t, srv.Projects.Delete(deleted))
		turns := func() {
			for range srv.Projects.Len() + 2 {
				time.Sleep(time.Minute)
				report := syncNested(t, m, client, Options{Account: "acme", Only: []string{"project-comments"}})
				assert.LessOrEqual(t, report.Lists[0].Requests, 4)
			}
		}
		turns()
		quiet := srv.Projects.All()[2].ID
		comment := srv.ProjectComments.Of(quiet).Put(tid.Comment{Text: "Ny"})
		turns()
		assert.Equal(t, "1", value(t, m, fmt.Sprintf("SELECT count(*) FROM project_comments WHERE project_id = %d AND id = %d", quiet, comment)))
	})
}
