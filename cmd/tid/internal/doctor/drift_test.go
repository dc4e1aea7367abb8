package doctor_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/cmd/tid/internal/doctor"
	"github.com/vismatid/tid/tidtest"
)

// told are the findings without their details, to compare.
func told(r *doctor.Report) []string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Kind, f.Operation, f.Name)))
	}
	slices.Sort(all)
	return all
}

// within claims that a report has all the findings that it must have, and none but those that it may.
func within(t *testing.T, must, may []string, report *doctor.Report, about ...any) {
	t.Helper()
	got := told(report)
	without := func(all, some []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
	}
	assert.Empty(t, without(must, got), "not found, %v", about)
	assert.Empty(t, without(got, may), "found although it is as described, %v", about)
}

// reads are the operations that answer JSON to a GET.
func reads(t *testing.T) []*description.Operation {
	return slices.DeleteFunc(described(t), func(o *description.Operation) bool { return o.Method != "GET" || o.File })
}

// seen are the properties with a value other than null that a run on the sample has come across, by operation.
func seen(t *testing.T) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	var note func(in map[string]bool, path string, v any)
	note = func(in map[string]bool, path string, v any) {
		switch v := v.(type) {
		case []any:
			for _, element := range v {
				note(in, path, element)
			}
		case map[string]any:
			for name, value := range v {
				if name = strings.TrimPrefix(path+"."+name, "."); value != nil {
					in[name] = true
					note(in, name, value)
				}
			}
		}
	}
	matches := map[string]*regexp.Regexp{}
	for _, op := range reads(t) {
		all[op.String()] = map[string]bool{}
		path := strings.Replace(op.Path, "{bookingNumber}", "[^/]+", 1)
		matches[op.String()] = regexp.MustCompile("^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, `\d+`) + "$")
	}
	var mu sync.Mutex
	watch := tid.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err != nil || !strings.Contains(resp.Header.Get("Content-Type"), "json") {
				return resp, err
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body = io.NopCloser(bytes.NewReader(body))
			var v any
			mu.Lock()
			defer mu.Unlock()
			if json.Unmarshal(body, &v) == nil {
				for op, match := range matches {
					if match.MatchString(req.URL.Path) {
						note(all[op], "", v)
					}
				}
			}
			return resp, err
		})
	})
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), sample)
		_, err := doctor.Run(t.Context(), srv.Client(watch), described(t), doctor.Options{Requests: 70})
		require.NoError(t, err)
	})
	return all
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// leads are properties that lead to other operations: without them less can be asked.
var leads = []string{"items", "items.id", "items.bookingNumber", "items.date", "items.hasPdf", "items.provider", "id", "contactType"}

// A guess is a random drift of names and types, and the findings it should lead to.
func guess(rng *rand.Rand, op *description.Operation, names []string) (tidtest.Drift, []string) {
	drift := tidtest.Drift{Operation: op.String()}
	name := names[rng.IntN(len(names))]
	parent, last := "", name
	if i := strings.LastIndex(name, "."); i >= 0 {
		parent, last = name[:i+1], name[i+1:]
	}
	finding := func(kind doctor.Kind, name string) string {
		if op.Item() != nil {
			name = strings.TrimPrefix(name, "items.")
		}
		return fmt.Sprintf("%s %s %s", kind, op, name)
	}
	switch rng.IntN(4) {
	case 0:
		drift.Missing = []string{name}
		return drift, []string{finding(doctor.MissingProperty, name)}
	case 1:
		drift.Renamed = map[string]string{name: last + "New"}
		return drift, []string{finding(doctor.MissingProperty, name), finding(doctor.UnknownProperty, name+"New")}
	case 2:
		drift.Added = map[string]string{parent + "made": `{"anna":1,"bert":[{"cecilia":null}]}`}
		return drift, []string{finding(doctor.UnknownProperty, parent+"made")}
	}
	drift.Retyped = map[string]string{name: "array"}
	if at(op.Answer, name).Is("array") {
		drift.Retyped[name] = "boolean"
	}
	return drift, []string{finding(doctor.TypeDiffers, name)}
}

// at is the schema at a path of an answer.
func at(s *description.Schema, path string) *description.Schema {
	for _, name := range strings.Split(path, ".") {
		if s.Items != nil {
			s = s.Items
		}
		s = s.Property(name).Schema
	}
	return s
}

func TestRandomDriftsOfNamesAndTypesAreFoundAndNothingElse(t *testing.T) {
	names := map[string][]string{}
	for operation, all := range seen(t) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !slices.Contains(leads, name) && !strings.HasSuffix(name, "objectName") {
				names[operation] = append(names[operation], name)
			}
		}
	}
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var drifts []tidtest.Drift
		var want []string
		for _, op := range reads(t) {
			require.NotEmpty(t, names[op.String()], op)
			drift, findings := guess(rng, op, names[op.String()])
			drifts = append(drifts, drift)
			want = append(want, findings...)
		}
		report, _ := examine(t, doctor.Options{Requests: 70}, nil, sample, tidtest.WithDrift(drifts...))
		within(t, want, want, report, "seed", seed)
	}
}

// parity drifts every second parameter of each list, then the others. Each that drifts is found, but for those of which
// nothing can be said on this account even if all is well, and for those that change nothing that could be seen.
func parity(t *testing.T, kind doctor.Kind, names func(*description.Operation) []string, drift func(op, name string) tidtest.Drift,
	unseen func(drifting *tidtest.Server, op *description.Operation, name string) bool) {
	t.Helper()
	plain, _ := examine(t, doctor.Options{Requests: doctor.NoLimit}, nil, sample)
	for half := range 2 {
		var drifts []tidtest.Drift
		for _, op := range reads(t) {
			for i, name := range names(op) {
				if i%2 == half {
					drifts = append(drifts, drift(op.String(), name))
				}
			}
		}
		drifting := tidtest.NewServer(t, tidtest.InMemory(), sample, tidtest.WithRateLimit(0), tidtest.WithDrift(drifts...))
		var must, may []string
		for _, op := range reads(t) {
			for i, name := range names(op) {
				if i%2 != half {
					continue
				}
				finding := fmt.Sprintf("%s %s %s", kind, op, name)
				may = append(may, finding)
				unsettled := plain.Unsettled[op.String()]
				if !slices.Contains(unsettled, name) && !slices.Contains(unsettled, "sortBy "+name) && !unseen(drifting, op, name) {
					must = append(must, finding)
				}
			}
		}
		require.Greater(t, len(must), 20)
		report, _ := examine(t, doctor.Options{Requests: doctor.NoLimit}, nil, sample, tidtest.WithDrift(drifts...))
		within(t, must, may, report)
	}
}

func TestEveryFilterThatIsIgnoredIsFound(t *testing.T) {
	parity(t, doctor.FilterIgnored, func(op *description.Operation) (names []string) {
		for _, p := range op.Filters() {
			if !p.Required {
				names = append(names, p.Name)
			}
		}
		return names
	}, func(op, name string) tidtest.Drift {
		return tidtest.Drift{Operation: op, DeafFilters: []string{name}}
	}, func(_ *tidtest.Server, _ *description.Operation, name string) bool { // there may be nothing to exclude
		return strings.HasPrefix(name, "exclude")
	})
}

func TestEverySortKeyThatIsIgnoredIsFound(t *testing.T) {
	plain := tidtest.NewServer(t, tidtest.InMemory(), sample, tidtest.WithRateLimit(0))
	parity(t, doctor.SortIgnored, (*description.Operation).SortKeys, func(op, name string) tidtest.Drift {
		return tidtest.Drift{Operation: op, DeafSorts: []string{name}}
	}, func(drifting *tidtest.Server, op *description.Operation, name string) bool { // the rows would come in this order anyway
		rows := func(srv *tidtest.Server, order string) (all []string) {
			query := url.Values{"page": {"1"}, "pageSize": {"50"}, "sortBy": {name}, "sortOrder": {order}}
			for _, p := range op.Filters() {
				if p.Required {
					query.Set(p.Name, "2026-10-15")
				}
			}
			path := strings.NewReplacer("{projectId}", fmt.Sprint(srv.Projects.All()[0].ID), "{taskId}", fmt.Sprint(srv.Tasks.All()[0].ID)).Replace(op.Path)
			page, err := tid.ListAs[map[string]any](t.Context(), srv.Client(tid.WithLimiter(nil)), path, query)
			require.NoError(t, err)
			for _, item := range page.Items {
				row := *item
				all = append(all, fmt.Sprint(row[name], row[strings.TrimSuffix(name, "Date")], row["number"], row["user"]))
			}
			return all
		}
		up, down := rows(drifting, "ascending"), rows(drifting, "descending")
		return slices.Equal(rows(plain, "ascending"), up) || slices.Equal(rows(plain, "descending"), down) ||
			len(slices.Compact(up)) == 1 && len(slices.Compact(down)) == 1 // two ends that may be those of any order
	})
}

func TestEveryPathThatHasMovedIsFoundAtALikelyOne(t *testing.T) {
	for _, op := range described(t) {
		if op.Method != "GET" {
			continue
		}
		to := strings.Replace(op.Path, "/Core/", "/Admin/", 1)
		if to == op.Path {
			to = strings.Replace(op.Path, "/Admin/", "/Core/", 1)
		}
		report, _ := examine(t, doctor.Options{Requests: 80}, nil, few, tidtest.WithDrift(tidtest.Drift{Operation: op.String(), Moved: to}))
		if assert.Equal(t, []string{fmt.Sprintf("path-found %s %s", op, to)}, told(report)) {
			assert.Equal(t, map[string]string{op.String(): to}, report.Paths)
			assert.Contains(t, report.Findings[0].Detail, fmt.Sprintf("tid.WithPath(%q, %q)", op, to))
		}
	}
}

func TestAPathThatIsNowhereIsMissing(t *testing.T) {
	for _, op := range described(t) {
		if op.Method != "GET" {
			continue
		}
		to := strings.Replace(op.Path, "/v1/", "/v7/Nowhere/", 1)
		report, _ := examine(t, doctor.Options{Requests: 80}, nil, few, tidtest.WithDrift(tidtest.Drift{Operation: op.String(), Moved: to}))
		assert.Equal(t, []string{fmt.Sprintf("path-missing %s", op)}, told(report))
		assert.Empty(t, report.Paths)
	}
}

func TestPathsOfTheProfileAreUsed(t *testing.T) {
	moved := tidtest.Drift{Operation: "GET /v1/Core/Logs", Moved: "/v1/Core/Hidden/Journal"}
	paths := map[string]string{moved.Operation: moved.Moved}
	report, _ := examine(t, doctor.Options{Paths: paths}, nil, sample, tidtest.WithDrift(moved))
	assert.Empty(t, report.Findings)

	report, _ = examine(t, doctor.Options{Paths: paths}, nil, sample)
	assert.Equal(t, map[string]string{moved.Operation: "/v1/Core/Logs"}, report.Paths, "one that is no longer needed")
}

// Without these properties less can be asked, and they are found all the same.
func TestDriftsOfWhatLeadsElsewhereAreFound(t *testing.T) {
	for op, name := range map[string]string{
		"GET /v1/Core/Contacts": "items.id", "GET /v1/Admin/BookingProjects": "items.bookingNumber", "GET /v1/Core/TimeReports": "items.date",
		"GET /v1/Core/Offers": "items.hasPdf", "GET /v1/Core/Contacts/{id}": "id", "GET /v1/Core/Projects": "totalItemCount",
	} {
		report, _ := examine(t, doctor.Options{Requests: 80}, nil, sample, tidtest.WithDrift(tidtest.Drift{Operation: op, Missing: []string{name}}))
		assert.Contains(t, told(report), fmt.Sprintf("missing-property %s %s", op, strings.TrimPrefix(name, "items.")))
	}
}
