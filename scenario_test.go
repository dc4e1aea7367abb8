package tid_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// shifting is a list that others change while it is read.
type shifting struct {
	mu       sync.Mutex
	rows     []int64
	pages    []int
	requests int
	before   func(s *shifting, request int)           // changes the rows before a request is answered
	edit     func(page, size int, body string) string // changes an answer
	stamp    func(id int64) string                    // of the last change of a row
}

func (s *shifting) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	page, size := number(req, "page"), number(req, "pageSize")
	s.pages = append(s.pages, page)
	if page < 1 || size < 1 || size > 100 {
		return answer(req, 400, `{"message":"Page must be 1 or more"}`), nil
	}
	if s.before != nil {
		s.before(s, s.requests)
	}
	n := len(s.rows)
	var items []string
	for _, id := range s.rows[min((page-1)*size, n):min(page*size, n)] {
		item := fmt.Sprintf(`{"id":%d`, id)
		if s.stamp != nil {
			item += fmt.Sprintf(`,"updated":%q`, s.stamp(id))
		}
		items = append(items, item+"}")
	}
	body := fmt.Sprintf(`{"page":%d,"pageSize":%d,"itemCount":%d,"totalItemCount":%d,"totalPages":%d,"items":[%s]}`,
		page, size, len(items), n, (n+size-1)/size, strings.Join(items, ","))
	if s.edit != nil {
		body = s.edit(page, size, body)
	}
	return answer(req, 200, body), nil
}

func (s *shifting) moveToFront(at int) {
	id := s.rows[at]
	s.rows = slices.Insert(slices.Delete(s.rows, at, at+1), 0, id)
}

// once does something before one request alone.
func once(at int, change func(s *shifting)) func(*shifting, int) {
	return func(s *shifting, request int) {
		if request == at {
			change(s)
		}
	}
}

func removeFront(n int) func(*shifting) {
	return func(s *shifting) { s.rows = slices.Delete(s.rows, 0, n) }
}

func insertFront(n int) func(*shifting) {
	return func(s *shifting) {
		for range n {
			s.rows = slices.Insert(s.rows, 0, 10_000+int64(len(s.rows)))
		}
	}
}

// TestListsThatChangeWhileTheyAreReadAreGivenWhole changes a list of 1,000 rows
// while it is read: what was there all the time is given, and given once.
func TestListsThatChangeWhileTheyAreReadAreGivenWhole(t *testing.T) {
	lying := func(page, size, times int, lie func(body string) string) func(int, int, string) string {
		return func(p, s int, body string) string {
			if p == page && times > 0 {
				times--
				return lie(body)
			}
			return body
		}
	}
	without := func(body string, keep int, totals bool) string {
		var p struct {
			Page, PageSize, ItemCount, TotalItemCount, TotalPages int
			Items                                                 []json.RawMessage
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			panic(err)
		}
		p.Items = p.Items[:keep]
		p.ItemCount = keep
		if !totals {
			p.TotalItemCount, p.TotalPages = 0, 0
		}
		items := make([]string, len(p.Items))
		for i, item := range p.Items {
			items[i] = string(item)
		}
		return fmt.Sprintf(`{"page":%d,"pageSize":%d,"itemCount":%d,"totalItemCount":%d,"totalPages":%d,"items":[%s]}`,
			p.Page, p.PageSize, keep, p.TotalItemCount, p.TotalPages, strings.Join(items, ","))
	}
	for _, c := range []struct {
		name  string
		first int
		rows  int
		list  *shifting
	}{
		{"150 removed in front after three pages", 1, 1000, &shifting{before: once(4, removeFront(150))}},
		{"350 removed in front after three pages", 1, 1000, &shifting{before: once(4, removeFront(350))}},
		{"one removed and one appended", 1, 1000, &shifting{before: once(4, func(s *shifting) {
			s.rows = append(slices.Delete(s.rows, 0, 1), 5000)
		})}},
		{"two removals one after the other", 1, 150, &shifting{before: func(s *shifting, request int) {
			if request > 1 && request < 4 {
				removeFront(1)(s)
			}
		}}},
		{"from page 3, with a removal in front", 3, 1000, &shifting{before: once(2, removeFront(20))}},
		{"from page 3, with rows added in front", 3, 1000, &shifting{before: once(2, insertFront(30))}},
		{"500 added in front after three pages", 1, 1000, &shifting{before: once(4, insertFront(500))}},
		{"350 added in front after three pages", 1, 1000, &shifting{before: once(4, insertFront(350))}},
		{"an empty page in the middle without totals", 1, 1000, &shifting{edit: lying(3, 0, 1, func(body string) string { return without(body, 0, false) })}},
		{"a page of 40 in the middle", 1, 1000, &shifting{edit: lying(3, 0, 1, func(body string) string { return without(body, 40, true) })}},
		{"a page that counts 3 pages", 1, 1000, &shifting{edit: lying(3, 0, 1, func(body string) string {
			return strings.Replace(strings.Replace(body, `"totalPages":10`, `"totalPages":3`, 1), `"totalPages":11`, `"totalPages":3`, 1)
		})}},
		{"a row that moves to the front", 1, 1000, &shifting{before: once(4, func(s *shifting) {
			s.moveToFront(700)
		})}},
		{"two rows that change places", 1, 1000, &shifting{before: once(4, func(s *shifting) {
			s.rows[10], s.rows[700] = s.rows[700], s.rows[10]
		})}},
		{"a long list, with a row that moves to the front", 1, 4000, &shifting{before: once(20, func(s *shifting) {
			s.moveToFront(3000)
		})}},
		{"a long list, with 250 removed in front", 1, 4000, &shifting{before: once(20, removeFront(250))}},
	} {
		for _, readAhead := range []int{0, 16} {
			t.Run(fmt.Sprintf("%s, %d ahead", c.name, readAhead), func(t *testing.T) {
				list := &shifting{rows: upTo(c.rows), before: c.list.before, edit: c.list.edit}
				client := free(t, list, tid.WithReadAhead(readAhead))
				begin := int64(100 * (c.first - 1))
				given := map[int64]int{}
				var failed error
				for contact, err := range client.Contacts.All(t.Context(), &tid.ContactListOptions{ListOptions: tid.ListOptions{Page: c.first}}) {
					if failed = err; err == nil {
						given[contact.ID]++
					}
				}
				lost, twice, strangers := 0, 0, 0
				for _, id := range list.rows {
					if id > begin && id <= int64(c.rows) && given[id] == 0 {
						lost++
					}
				}
				for id, n := range given {
					if n > 1 {
						twice++
					}
					if id <= begin {
						strangers++
					}
				}
				t.Logf("%d lost, %d twice, %d from in front, error %v, %d requests", lost, twice, strangers, failed, list.requests)
				require.NoError(t, failed)
				assert.Equal(t, []int{0, 0, 0}, []int{lost, twice, strangers}, "lost, twice, from in front")
				assert.NotContains(t, list.pages, 0)
			})
		}
	}
}

// A page that stays too short is an error, not the end.
func TestPagesThatStayTooShortAreAnError(t *testing.T) {
	list := &shifting{rows: upTo(1000), edit: func(page, _ int, body string) string {
		if page != 3 {
			return body
		}
		return fmt.Sprintf(`{"page":3,"pageSize":98,"itemCount":1,"totalItemCount":1000,"totalPages":11,"items":[{"id":%d}]}`, 201)
	}}
	_, err := tid.Collect(free(t, list).Contacts.All(t.Context(), nil), 0)
	assert.ErrorContains(t, err, "page 3 has 1 of 98 items, although the answer counts 1000 in all")
}

// A server may have pages of its own, whatever it is asked for.
func TestServersWithPagesOfTheirOwnAreRead(t *testing.T) {
	for _, own := range []int{10, 50, 250} {
		for _, tells := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d a page, tells %t", own, tells), func(t *testing.T) {
				requests := 0
				c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
					requests++
					page, told := number(req, "page"), 0
					if tells {
						told = own
					}
					var items []string
					for id := (page-1)*own + 1; id <= min(page*own, 235); id++ {
						items = append(items, fmt.Sprintf(`{"id":%d}`, id))
					}
					return answer(req, 200, fmt.Sprintf(`{"page":%d,"pageSize":%d,"itemCount":%d,"totalItemCount":235,"totalPages":%d,"items":[%s]}`,
						page, told, len(items), (234+own)/own, strings.Join(items, ","))), nil
				}), tid.WithReadAhead(0))
				assert.Equal(t, upTo(235), ids(t, c.Contacts.All(t.Context(), nil), contactID))
				assert.LessOrEqual(t, requests, 235/own+4)
			})
		}
	}
}

func TestWithoutWalkChecksEachPageIsReadOnce(t *testing.T) {
	for n, requests := range map[int]int{200: 2, 1000: 10, 4000: 40} {
		list := &shifting{rows: upTo(n)}
		c := free(t, list, tid.WithoutWalkChecks())
		assert.Equal(t, upTo(n), ids(t, c.Contacts.All(t.Context(), nil), contactID))
		assert.Equal(t, requests, list.requests)
	}
}

func TestProgressIsToldForEachPage(t *testing.T) {
	var told [][2]int
	var list *shifting
	opts := &tid.ContactListOptions{ListOptions: tid.ListOptions{Progress: func(read, total int) { told = append(told, [2]int{read, total}) }}}
	list = &shifting{rows: upTo(250), edit: func(_, _ int, body string) string { return body }}
	got := ids(t, free(t, list).Contacts.All(t.Context(), opts), contactID)
	assert.Len(t, got, 250)
	assert.Equal(t, [][2]int{{100, 250}, {198, 250}, {250, 250}}, told)
}

// Changes of rows are looked for in front once more, since they move there.
func TestChangesAreNotLostToWhatOthersDo(t *testing.T) {
	stamp := func(id int64) string { return "2026-11-20 08:00:00" }
	for name, before := range map[string]func(*shifting, int){
		"two removals": func(s *shifting, request int) {
			if request == 2 || request == 3 {
				removeFront(1)(s)
			}
		},
		"a removal in each gap": func(s *shifting, request int) { removeFront(1)(s) },
		"a row that moves up":   once(2, func(s *shifting) { s.moveToFront(240) }),
		"one moves up as one leaves": once(2, func(s *shifting) {
			s.moveToFront(240)
			s.rows = slices.Delete(s.rows, 5, 6)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			list := &shifting{rows: upTo(250), before: before, stamp: stamp}
			given := ids(t, free(t, list).Contacts.ChangedSince(t.Context(), at(t, "2026-11-20 08:00:00"), nil), contactID)
			for _, id := range list.rows {
				assert.Contains(t, given, id)
			}
			slices.Sort(given)
			assert.Len(t, slices.Compact(given), len(given), "given once")
		})
	}
}

// In the hour that comes twice a later change can have an earlier stamp.
func TestChangesInTheHourThatComesTwiceAreGiven(t *testing.T) {
	// 2:10, 2:05 and 2:00 are of the second time round, 2:40 and 2:20 of the first.
	stamps := []string{"2026-10-25 02:10:00", "2026-10-25 02:05:00", "2026-10-25 02:00:00", "2026-10-25 02:40:00", "2026-10-25 02:20:00", "2026-10-25 01:50:00"}
	for _, c := range []struct {
		since string
		want  []int64
	}{
		{"2026-10-25 02:30:00", []int64{1, 2, 3, 4, 5}}, // which of the two is not known
		{"2026-10-25 01:55:00", []int64{1, 2, 3, 4, 5}},
		{"2026-10-25 03:00:00", nil},
		{"2026-10-25 02:30:00 +02:00", []int64{4}}, // an offset tells
		{"2026-10-24 02:30:00", []int64{1, 2, 3, 4, 5, 6}},
	} {
		list := &shifting{rows: []int64{1, 2, 3, 4, 5, 6}, stamp: func(id int64) string { return stamps[id-1] }}
		if strings.Contains(c.since, "+") {
			list.rows = []int64{4, 5, 6}
		}
		given := ids(t, free(t, list).Contacts.ChangedSince(t.Context(), at(t, c.since), nil), contactID)
		assert.Equal(t, c.want, given, c.since)
	}
}

// What a transport, limiter or observer panics with is raised in the goroutine of the
// caller, where it can be recovered.
func TestPanicsReachTheCallerOfAWalk(t *testing.T) {
	for _, readAhead := range []int{0, 16} {
		p := &pager{n: 1000}
		c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if number(req, "page") == 3 {
				panic("from the transport")
			}
			return p.RoundTrip(req)
		}), tid.WithReadAhead(readAhead))
		n := 0
		assert.PanicsWithValue(t, "from the transport", func() {
			for range c.Contacts.All(t.Context(), nil) {
				n++
			}
		})
		assert.Equal(t, 198, n)
	}
}

// TestAnyListThatChangesIsGivenWhole changes lists at random between any two requests
// of the whole client.
func TestAnyListThatChangesIsGivenWhole(t *testing.T) {
	const histories = 1500
	walks := map[string]func(*tid.Client, int) ([]int64, error){
		"All": func(c *tid.Client, size int) (given []int64, err error) {
			for contact, err := range c.Contacts.All(t.Context(), &tid.ContactListOptions{ListOptions: tid.ListOptions{PageSize: size}}) {
				if err != nil {
					return given, err
				}
				given = append(given, contact.ID)
			}
			return given, nil
		},
		"AllAs": func(c *tid.Client, size int) (given []int64, err error) {
			for row, err := range tid.AllAs[json.RawMessage](t.Context(), c, "v1/Core/Contacts", &tid.ListOptions{PageSize: size}) {
				if err != nil {
					return given, err
				}
				var id int64
				if _, err := fmt.Sscanf(string(*row), `{"id":%d`, &id); err != nil {
					return given, err
				}
				given = append(given, id)
			}
			return given, nil
		},
		"ChangedSince": func(c *tid.Client, size int) (given []int64, err error) {
			for contact, err := range c.Contacts.ChangedSince(t.Context(), at(t, "2026-11-20 08:00:00"), &tid.ContactListOptions{ListOptions: tid.ListOptions{PageSize: size}}) {
				if err != nil {
					return given, err
				}
				given = append(given, contact.ID)
			}
			return given, nil
		},
	}
	for name, walk := range walks {
		for _, readAhead := range []int{0, 16} {
			t.Run(fmt.Sprintf("%s, %d ahead", name, readAhead), func(t *testing.T) {
				errs, lost := 0, 0
				for i := range histories {
					rng := rand.New(rand.NewPCG(uint64(i), uint64(readAhead)))
					size := 3 + rng.IntN(10)
					list := &shifting{rows: upTo(rng.IntN(10 * size))}
					old := map[int64]bool{} // rows that changed before
					if name == "ChangedSince" {
						for _, id := range list.rows[len(list.rows)-rng.IntN(len(list.rows)+1):] {
							old[id] = true
						}
						clock := at(t, "2026-11-20 08:00:00")
						list.stamp = func(id int64) string {
							if old[id] {
								return "2026-11-19 08:00:00"
							}
							return clock.String()
						}
					}
					must := map[int64]bool{}
					for _, id := range list.rows {
						must[id] = !old[id]
					}
					next := int64(10_000)
					list.before = func(s *shifting, request int) {
						if request == 1 || rng.IntN(3) > 0 {
							return
						}
						switch n := len(s.rows); {
						case n == 0 || rng.IntN(3) == 0:
							at := 0
							if name != "ChangedSince" {
								at = rng.IntN(n + 1)
							}
							next++
							s.rows = slices.Insert(s.rows, at, next)
						case rng.IntN(2) == 0:
							at := rng.IntN(n)
							delete(must, s.rows[at])
							s.rows = slices.Delete(s.rows, at, at+1)
						default: // a row is edited
							at := rng.IntN(n)
							delete(old, s.rows[at])
							s.moveToFront(at)
						}
					}
					given, err := walk(free(t, list, tid.WithReadAhead(readAhead)), size)
					seen := map[int64]bool{}
					for _, id := range given {
						require.False(t, seen[id], "history %d gives %d twice", i, id)
						seen[id] = true
					}
					if err != nil {
						errs++
						continue
					}
					for id, wanted := range must {
						if wanted && !seen[id] {
							lost++
							t.Logf("history %d lost %d, page size %d", i, id, size)
						}
					}
				}
				t.Logf("%d walks, %d ended in an error", histories, errs)
				assert.Zero(t, lost)
				assert.LessOrEqual(t, errs, histories/100)
			})
		}
	}
}

// A row removed from what has been read, and one inserted in what has not, between
// the same two requests: no total changes, and no row comes twice. On a long list
// the stamp of the new row tells.
func TestAReplacementInALongListLosesNoRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		moments := []int{4, 9, 14, 25, 30, 35} // the request before which it happens
		if raceDetector {
			moments = moments[:1]
		}
		for _, at := range moments {
			for _, behind := range []int{50, 450, 950} { // how far behind that the new row stands
				requests := 0
				var ids []int64
				contact := func(position int) tid.Contact {
					return tid.Contact{ContactSummary: tid.ContactSummary{Name: fmt.Sprintf("%06d", position), ContactType: tid.ContactCompany}}
				}
				srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithBeforeRequest(func(srv *tidtest.Server, r tidtest.Request) {
					if r.Operation != "GET /v1/Core/Contacts" {
						return
					}
					if requests++; requests == at {
						srv.Contacts.Delete(ids[150])
						srv.Contacts.Put(contact(10*(100*at+behind) + 5))
					}
				}))
				for i := range 4_000 {
					ids = append(ids, srv.Contacts.Put(contact(10*i)))
				}
				given := make(map[int64]int)
				opts := &tid.ContactListOptions{SortBy: tid.ContactsByName, ListOptions: tid.ListOptions{SortOrder: tid.Ascending}}
				for c, err := range srv.Client().Contacts.All(t.Context(), opts) {
					require.NoError(t, err)
					given[c.ID]++
				}
				lost := 0
				for i, id := range ids {
					if i != 150 && given[id] != 1 {
						lost++
					}
				}
				assert.Zero(t, lost, "rows not given once, when it happens before request %d, %d rows further back", at, behind)
			}
		}
	})
}
