package importer

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/vismatid/tid"
)

// names are the objects of a list, by what people call them.
type names struct {
	column string // whose cells are looked up
	of     string // the property that the id goes into
	calls  string // what an object is called by
	list   func(context.Context, *tid.Client) iter.Seq2[named, error]
}

// named is an object and what it is called.
type named struct {
	id   int64
	call []string
}

// lookups are the columns that take names.
var lookups = []names{
	{"user", "userId", "name, e-mail or employee number", func(ctx context.Context, c *tid.Client) iter.Seq2[named, error] {
		return each(c.Users.All(ctx, nil), func(u *tid.UserSummary) named { return named{u.ID, []string{u.Name(), u.Email, u.EmployeeNumber}} })
	}},
	{"project", "projectId", "number or title", func(ctx context.Context, c *tid.Client) iter.Seq2[named, error] {
		return each(c.Projects.All(ctx, nil), func(p *tid.ProjectSummary) named { return named{p.ID, []string{p.OrderNumber, p.Title}} })
	}},
	{"internalProject", "internalProjectId", "name", func(ctx context.Context, c *tid.Client) iter.Seq2[named, error] {
		return each(c.InternalProjects.All(ctx, nil), func(p *tid.InternalProject) named { return named{p.ID, []string{p.Name}} })
	}},
	{"absenceProject", "absenceProjectId", "name", func(ctx context.Context, c *tid.Client) iter.Seq2[named, error] {
		return each(c.AbsenceProjects.All(ctx, nil), func(p *tid.AbsenceProject) named { return named{p.ID, []string{p.Name}} })
	}},
	{"activity", "activityId", "name", func(ctx context.Context, c *tid.Client) iter.Seq2[named, error] {
		return each(c.Activities.All(ctx, nil), func(a *tid.Activity) named { return named{a.ID, []string{a.Name}} })
	}},
	{"timeCode", "timeCodeId", "name or code", func(ctx context.Context, c *tid.Client) iter.Seq2[named, error] {
		return each(c.TimeCodes.All(ctx, nil), func(t *tid.TimeCode) named { return named{t.ID, []string{t.Name, t.Code}} })
	}},
	{"timeArticle", "timeArticleId", "name or number", func(ctx context.Context, c *tid.Client) iter.Seq2[named, error] {
		return each(c.Articles.All(ctx, &tid.ArticleListOptions{ArticleType: tid.ArticleTime}), func(a *tid.Article) named { return named{a.ID, []string{a.Name, a.ArticleNumber}} })
	}},
}

func each[T any](all iter.Seq2[*T, error], call func(*T) named) iter.Seq2[named, error] {
	return func(yield func(named, error) bool) {
		for v, err := range all {
			if err != nil {
				yield(named{}, err)
				return
			}
			if !yield(call(v), nil) {
				return
			}
		}
	}
}

// directory looks names up in the lists of an account, and reads each list once.
type directory struct {
	client *tid.Client
	ids    map[*names]map[string][]int64 // by what they are called
}

// load reads a list. Its error is that of the API.
func (d *directory) load(ctx context.Context, n *names) error {
	if d.ids[n] != nil {
		return nil
	}
	ids := map[string][]int64{}
	for object, err := range n.list(ctx, d.client) {
		if err != nil {
			return fmt.Errorf("the column %s needs a list: %w", n.column, err)
		}
		for _, call := range object.call {
			if call = spoken(call); call != "" && !slices.Contains(ids[call], object.id) {
				ids[call] = append(ids[call], object.id)
			}
		}
	}
	d.ids[n] = ids
	return nil
}

// find returns the id of the one object that is called so.
func (d *directory) find(n *names, call string) (int64, error) {
	ids := d.ids[n][spoken(call)]
	switch len(ids) {
	case 0:
		return 0, fmt.Errorf("there is none with the %s %s", n.calls, quoted(call))
	case 1:
		return ids[0], nil
	}
	slices.Sort(ids)
	shown := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(ids[:min(len(ids), 10)])), ", "), "[]")
	return 0, fmt.Errorf("%s is what %d are called: a column %s can tell the ids %s apart", quoted(call), len(ids), n.of, shown)
}

// spoken is a name without what does not count: case, and how wide its spaces are.
func spoken(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }
