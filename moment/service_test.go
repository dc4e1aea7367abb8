package moment_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

func TestWhatIsWrongIsRefusedBeforeItIsSent(t *testing.T) {
	type cyclic struct{ Me *cyclic }
	loop := &cyclic{}
	loop.Me = loop
	type misnamed struct {
		Customer string `json:"customer" include:"customer.name"`
	}
	type dated struct {
		Inner []struct{ Day tid.Date } `json:"inner"`
	}
	day := tid.NewDate(2026, 10, 19)
	input := &moment.OfferInput{Name: tid.Set("a")}
	tests := map[string]struct {
		call func(context.Context, *moment.Client) error
		text string
	}{
		"an id below 1": {func(ctx context.Context, c *moment.Client) error { _, err := c.Offers.Get(ctx, 0); return err },
			"id must be 1 or more, not 0"},
		"a negative id in a deletion": {func(ctx context.Context, c *moment.Client) error { return c.Offers.Delete(ctx, math.MinInt64) },
			"id must be 1 or more"},
		"an entity that leaves its place": {func(ctx context.Context, c *moment.Client) error {
			_, err := moment.Of[any](c, "offers/../users").List(ctx, nil)
			return err
		}, "the entity must be one element of a path"},
		"no entity": {func(ctx context.Context, c *moment.Client) error {
			_, err := moment.Of[any](c, "").Batch().Delete(1).Do(ctx)
			return err
		}, "the entity must be one element of a path"},
		"an input of nil": {func(ctx context.Context, c *moment.Client) error { _, err := c.Offers.Create(ctx, nil); return err },
			"the input is nil"},
		"an input that points to nothing": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Create(ctx, (*moment.OfferInput)(nil))
			return err
		}, "the input is nil"},
		"an input that is no object": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Create(ctx, []int{1})
			return err
		}, "must be a struct or a map, not a []int"},
		"an input that cannot be written": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Create(ctx, loop)
			return err
		}, "cannot be written as JSON"},
		"an update that changes nothing": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Update(ctx, 7, &moment.OfferInput{})
			return err
		}, "there is nothing to change"},
		"a date of the sibling in a map": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Update(ctx, 7, map[string]any{"issueDate": day})
			return err
		}, "issueDate is a tid.Date, which is written with a time of day: use moment.DayOf"},
		"a date of the sibling deep in a struct": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Create(ctx, dated{[]struct{ Day tid.Date }{{day}}})
			return err
		}, "Day is a tid.Date"},
		"an optional date of the sibling": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Create(ctx, &struct {
				A tid.Opt[tid.Date] `json:"issueDate"`
			}{tid.Set(day)})
			return err
		}, "issueDate is a tid.Date"},
		"parts joined with a comma": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.List(ctx, nil, moment.Include("base,name"))
			return err
		}, "give each part of an include as an argument of its own"},
		"parts joined by the caller": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Get(ctx, 7, moment.Include("base+name"))
			return err
		}, "give each part of an include as an argument of its own"},
		"an escaped plus": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Create(ctx, input, moment.Include("base%2Bname"))
			return err
		}, "cannot be included"},
		"a part that leaves its place": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Update(ctx, 7, input, moment.Include("../1"))
			return err
		}, "cannot be included"},
		"an empty part": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.List(ctx, nil, moment.Include("base", ""))
			return err
		}, "cannot be included"},
		"a part with an empty name": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.List(ctx, nil, moment.Include("customer..name"))
			return err
		}, "cannot be included"},
		"fields of what is no struct": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.List(ctx, nil, moment.Fields[string]())
			return err
		}, "moment.Fields needs a struct"},
		"a field that would stay empty": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.List(ctx, nil, moment.Fields[misnamed]())
			return err
		}, "asks for customer.name, which comes back as customerName"},
		"a negative page": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.List(ctx, &moment.ListOptions{Page: -1})
			return err
		}, "page and size must not be negative"},
		"a negative size": {func(ctx context.Context, c *moment.Client) error {
			for _, err := range c.Offers.All(ctx, &moment.ListOptions{Size: -1}) {
				return err
			}
			return nil
		}, "page and size must not be negative"},
		"a negative id in a filter": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.TimeRecords.List(ctx, &moment.TimeRecordListOptions{UserAccountID: -5})
			return err
		}, "userAccountId must be 1 or more, not -5"},
		"options of another entity": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.List(ctx, &moment.TaskListOptions{})
			return err
		}, "these options are for tasks"},
		"AllByDate without options": {func(ctx context.Context, c *moment.Client) error {
			return failure(c.TimeRecords.AllByDate(ctx, nil))
		}, "AllByDate needs From and To"},
		"AllByDate without an end": {func(ctx context.Context, c *moment.Client) error {
			return failure(c.TimeRecords.AllByDate(ctx, &moment.TimeRecordListOptions{From: day}))
		}, "AllByDate needs From and To"},
		"AllByDate to a day out of range": {func(ctx context.Context, c *moment.Client) error {
			return failure(c.TimeRecords.AllByDate(ctx, &moment.TimeRecordListOptions{From: day, To: tid.NewDate(10000, 1, 1)}))
		}, "From and To must be in the years 1 to 9999"},
		"AllByDate backwards": {func(ctx context.Context, c *moment.Client) error {
			return failure(c.TimeRecords.AllByDate(ctx, &moment.TimeRecordListOptions{From: day, To: day.AddDays(-1)}))
		}, "From is after To"},
		"AllByDate from a page on": {func(ctx context.Context, c *moment.Client) error {
			return failure(c.TimeRecords.AllByDate(ctx, &moment.TimeRecordListOptions{From: day, To: day, ListOptions: moment.ListOptions{Page: 1}}))
		}, "has no use for Page"},
		"an empty batch": {func(ctx context.Context, c *moment.Client) error { _, err := c.Offers.Batch().Do(ctx); return err },
			"the batch is empty"},
		"a batch with an entry of nil": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Batch().Create(input, nil).Do(ctx)
			return err
		}, "create[1]: there is nothing to send"},
		"a batch with an update that changes nothing": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Batch().Update(7, map[string]any{}).Do(ctx)
			return err
		}, "update of 7: there is nothing to change"},
		"a batch with an id below 1": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Batch().Delete(7, -1).Do(ctx)
			return err
		}, "id must be 1 or more, not -1"},
		"a batch that names an object twice": {func(ctx context.Context, c *moment.Client) error {
			_, err := c.Offers.Batch().Update(7, input).Delete(7).Do(ctx)
			return err
		}, "7 is changed or deleted twice in one batch"},
		"a method that the API does not have": {func(ctx context.Context, c *moment.Client) error {
			return c.Do(ctx, "TRACE", "offers", nil, nil, nil)
		}, "TRACE"},
	}
	srv := momenttest.NewServer(t, momenttest.InMemory())
	c := srv.Client()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.call(t.Context(), c)
			require.ErrorIs(t, err, tid.ErrInvalidInput)
			require.ErrorContains(t, err, tt.text)
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			assert.NotEmpty(t, e.Operation)
		})
	}
	assert.Empty(t, srv.Requests())
}

// failure gives the error that a sequence begins with.
func failure[T any](rows func(func(*T, error) bool)) (err error) {
	rows(func(_ *T, e error) bool { err = e; return false })
	return err
}

func TestAnObjectIsCreatedReadChangedAndDeleted(t *testing.T) {
	srv := momenttest.NewServer(t)
	c := srv.Client()
	ctx := t.Context()

	made, err := c.Projects.Create(ctx, &moment.ProjectInput{Name: tid.Set("Tak"), ProjectNumber: tid.Set("1042")})
	require.NoError(t, err)
	require.NotZero(t, made.ID)
	got, err := c.Projects.Get(ctx, made.ID)
	require.NoError(t, err)
	assert.Equal(t, &moment.Project{ID: made.ID, Name: "Tak", ProjectNumber: "1042"}, got)

	changed, err := c.Projects.Update(ctx, made.ID, &moment.ProjectInput{ProjectNumber: tid.Null[string]()})
	require.NoError(t, err)
	assert.Equal(t, &moment.Project{ID: made.ID, Name: "Tak"}, changed, "what is not sent stays")

	require.NoError(t, c.Projects.Delete(ctx, made.ID))
	_, err = c.Projects.Get(ctx, made.ID)
	require.ErrorIs(t, err, tid.ErrNotFound)
	require.ErrorIs(t, c.Projects.Delete(ctx, made.ID), tid.ErrNotFound)
}

func TestAnyEntityCanBeOfAnyType(t *testing.T) {
	type claim struct {
		ID    int64       `json:"id,omitzero"`
		State string      `json:"claimState"`
		Sum   tid.Decimal `json:"sum"`
	}
	srv := momenttest.NewServer(t)
	c := srv.Client()
	claims := moment.Of[claim](c, "claims")
	made, err := claims.Create(t.Context(), claim{State: "open", Sum: tid.MustDecimal("1726.55")})
	require.NoError(t, err)
	assert.Equal(t, &claim{1, "open", tid.MustDecimal("1726.55")}, made)

	raw, err := moment.Of[json.RawMessage](c, "claims").Get(t.Context(), 1)
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":1,"claimState":"open","sum":1726.55}`, string(*raw))

	rows, err := moment.Of[json.RawMessage](c, "claims").List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, string(*raw), string(*rows.Items[0]))

	for object, err := range moment.Of[map[string]any](c, "claims").All(t.Context(), nil) {
		require.NoError(t, err)
		assert.Equal(t, "open", (*object)["claimState"])
	}
}

// OfferRow is what the tests want to know of an offer.
type OfferRow struct {
	_            struct{} `include:"metadata.overviewPage"`
	ID           int64    `json:"id"`
	Name         string   `json:"name"`
	CustomerName string   `json:"customerName" include:"customer.name"`
	Local        string   `json:"-"`
	Note         string   `json:"note" include:"-"`
	//lint:ignore U1000 it is there to be passed over
	hidden string
}

func TestFieldsAskForWhatAStructHas(t *testing.T) {
	type embedded struct {
		*OfferRow
		CustomerID int64 `include:"customer.id"`
		Currency   string
	}
	type withBase struct {
		moment.Offer `include:"base"`
		CurrencyCode string `json:"currencyCode"`
	}
	type onlyID struct {
		ID int64 `json:"id"`
	}
	tests := map[string]struct {
		includes moment.Includes
		want     string
	}{
		"fields, and what the tag says":       {moment.Fields[OfferRow](), "metadata.overviewPage+name+customer.name"},
		"fields of an embedded struct":        {moment.Fields[embedded](), "metadata.overviewPage+name+customer.name+customer.id+Currency"},
		"an embedded struct with a tag":       {moment.Fields[withBase](), "base+currencyCode"},
		"nothing but the id":                  {moment.Fields[onlyID](), "id"},
		"fields of the package's own rows":    {moment.Fields[moment.Offer](), "name+issueDate+currencyCode+customer.id+customer.name"},
		"inner objects, and fields of them":   {moment.Fields[moment.Invoice](), "invoiceNumber+customer+project+customer.id+customer.name+project.id+project.name"},
		"metadata of its own":                 {moment.Include("metadata.overviewPage"), "metadata.overviewPage"},
		"names with digits, lines and dashes": {moment.Include("a1_b-c.d"), "a1_b-c.d"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, w := replay(t, 200, `{"content":[]}`)
			_, err := moment.Of[any](c, "offers").List(t.Context(), nil, tt.includes)
			require.NoError(t, err)
			assert.Equal(t, "GET "+companyPath+"/offers/include/"+tt.want, w.last(t).line)
		})
	}
}

func TestARowOfOnesOwnComesWithItsCustomerAndItsMetadata(t *testing.T) {
	srv := momenttest.NewServer(t)
	srv.Customers.Put(moment.Customer{ID: 5, Name: "Kunde"})
	srv.Offers.Put(moment.Offer{ID: 1, Name: "Tak", CustomerID: 5})
	srv.SetMetadata("offers", "overviewPage", moment.OfferMetadata{TotalSumInCompanyCurrency: tid.MustDecimal("1726.50")})

	page, err := moment.Of[OfferRow](srv.Client(), "offers").List(t.Context(), nil, moment.Fields[OfferRow]())
	require.NoError(t, err)
	assert.Equal(t, []*OfferRow{{ID: 1, Name: "Tak", CustomerName: "Kunde"}}, page.Items)
	var sums struct {
		Sum tid.Decimal `json:"totalSumInCompanyCurrency"`
	}
	require.NoError(t, page.DecodeMetadata(&sums))
	assert.Equal(t, "1726.5", sums.Sum.String())

	var wrong []int
	require.ErrorContains(t, page.DecodeMetadata(&wrong), "the metadata cannot be decoded")
	page, err = moment.Of[OfferRow](srv.Client(), "offers").List(t.Context(), nil)
	require.NoError(t, err)
	err = page.DecodeMetadata(&sums)
	require.ErrorContains(t, err, `moment.Include("metadata.overviewPage")`)
	var e *tid.Error
	require.ErrorAs(t, err, &e)
}

func TestABatchPairsWhatItCreatedOnlyWhenTheOrderIsIntact(t *testing.T) {
	a, b := &moment.CustomerInput{Name: tid.Set("A")}, &moment.CustomerInput{Name: tid.Set("B")}
	t.Run("intact", func(t *testing.T) {
		srv := momenttest.NewServer(t)
		res, err := srv.Client().Customers.Batch().Create(a, b).Do(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []moment.BatchPair[moment.Customer]{
			{Input: a, Created: &moment.Customer{ID: 1, Name: "A"}},
			{Input: b, Created: &moment.Customer{ID: 2, Name: "B"}},
		}, res.Pairs)
	})
	t.Run("not intact", func(t *testing.T) {
		srv := momenttest.NewServer(t, momenttest.WithShuffledCreates())
		res, err := srv.Client().Customers.Batch().Create(a, b).Do(t.Context())
		require.NoError(t, err)
		assert.Len(t, res.Created, 2)
		assert.False(t, res.CreateOrderIntact)
		assert.Nil(t, res.Pairs)
	})
}

func TestABatchWithOneBadEntryChangesNothingAndNamesIt(t *testing.T) {
	day := moment.DayOf(tid.NewDate(2026, 10, 19))
	good := &moment.TimeRecordInput{TimeRecordDate: day, Minutes: tid.Set(30)}
	tests := map[string]struct {
		add  func(*moment.Batch[moment.TimeRecord])
		text string
	}{
		"a bad creation": {func(b *moment.Batch[moment.TimeRecord]) { b.Create(map[string]any{"minutes": 1.5}) }, "create[1]: minutes must be a whole number"},
		"a bad update":   {func(b *moment.Batch[moment.TimeRecord]) { b.Update(2, map[string]any{"projectId": 99}) }, "update 2: projectId: projects has no object 99"},
		"a bad deletion": {func(b *moment.Batch[moment.TimeRecord]) { b.Delete(99) }, "delete[1]: there is no object 99"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := momenttest.NewServer(t)
			for id := range int64(3) {
				srv.TimeRecords.Put(moment.TimeRecord{ID: id + 1, TimeRecordDate: day, Minutes: 60})
			}
			before := srv.TimeRecords.All()
			batch := srv.Client().TimeRecords.Batch().Create(good).Update(1, good).Delete(3)
			tt.add(batch)
			_, err := batch.Do(t.Context())
			require.ErrorIs(t, err, tid.ErrBadRequest)
			require.ErrorContains(t, err, tt.text)
			assert.Equal(t, before, srv.TimeRecords.All())
		})
	}
}

func TestABatchThatWasCarriedOutIsNotSentAgain(t *testing.T) {
	srv := momenttest.NewServer(t)
	c := srv.Client(tid.WithRetries(0))
	input := &moment.CustomerInput{Name: tid.Set("A")}
	for name, effect := range map[string]momenttest.Effect{
		"carried out": {}, "perhaps carried out": momenttest.DropAfter(),
	} {
		t.Run(name, func(t *testing.T) {
			if name != "carried out" {
				srv.Inject(momenttest.Fault{Effect: effect})
			}
			batch := c.Customers.Batch().Create(input)
			_, _ = batch.Do(t.Context())
			n := srv.Customers.Len()
			_, err := batch.Do(t.Context())
			require.ErrorIs(t, err, tid.ErrInvalidInput)
			require.ErrorContains(t, err, "this batch has been sent: make another")
			assert.Equal(t, n, srv.Customers.Len())
		})
	}
	t.Run("but one that was refused can be", func(t *testing.T) {
		srv.Inject(momenttest.Fault{Effect: momenttest.TooMany(0)})
		batch := c.Customers.Batch().Create(input)
		_, err := batch.Do(t.Context())
		require.ErrorIs(t, err, tid.ErrRateLimited)
		_, err = batch.Do(t.Context())
		require.NoError(t, err)
	})
}

func TestARecordNeedsTheRoleWhenThereAreSeveral(t *testing.T) {
	srv := momenttest.NewServer(t)
	project, user := srv.Projects.Put(moment.Project{Name: "Tak"}), srv.UserAccounts.Put(moment.UserAccount{})
	first := srv.ProjectMemberships.Put(moment.ProjectMembership{ProjectID: project, UserAccountID: user})
	srv.ProjectMemberships.Put(moment.ProjectMembership{ProjectID: project, UserAccountID: user})
	c := srv.Client()
	in := &moment.TimeRecordInput{ProjectID: project, UserAccountID: user, TimeRecordDate: moment.DayOf(tid.NewDate(2026, 10, 19)), Minutes: tid.Set(30)}

	_, err := c.TimeRecords.Create(t.Context(), in)
	require.ErrorContains(t, err, "User has more than one role on the project")
	in.ProjectMembershipID = tid.Set(first)
	made, err := c.TimeRecords.Create(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, "Tak", made.ProjectName)
}

// FuzzList claims that whatever a list answers, it is read or refused with an
// error of the module's own.
func FuzzList(f *testing.F) {
	for _, seed := range []string{
		`{"content":[{"id":1,"name":"Offer 1","issueDate":"2018-01-01","currencyCode":"USD"}],"metadata":{"totalSumInCompanyCurrency":1726.50}}`,
		`{"content":[{"id":1}],"page":{"number":0,"size":500,"totalElements":1,"totalPages":1},"limitWasExceeded":true}`,
		`{"content":[null,{"id":"1"}],"page":{"totalElements":9223372036854775807,"size":1}}`,
		`{"content":[{"id":2}],"page":{"number":1,"size":-1,"totalElements":-3,"totalPages":-1}}`,
		`{"content":{}}`, `[]`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		srv := momenttest.Start(momenttest.InMemory())
		srv.Inject(momenttest.Fault{Times: math.MaxInt, Effect: momenttest.Answer(http.StatusOK, string(body))})
		c := srv.Client(tid.WithRetries(0))
		rows := 0
		for _, err := range c.Offers.All(t.Context(), &moment.ListOptions{Page: 0, Size: 1}) {
			if err != nil {
				var e *tid.Error
				require.ErrorAs(t, err, &e, fmt.Sprintf("%q", body))
				break
			}
			if rows++; rows == 100 {
				break
			}
		}
		if page, err := c.Offers.List(t.Context(), nil); err == nil {
			_ = page.DecodeMetadata(new(moment.OfferMetadata))
		}
	})
}
