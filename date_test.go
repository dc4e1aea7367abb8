package tid_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-querystring/query"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// encoded is the JSON of v.
func encoded(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// decoded is a T read from JSON.
func decoded[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(text), &v), "%s", text)
	return v
}

// asQuery is how a struct with url tags goes into a query.
func asQuery(t testing.TB, v any) url.Values {
	t.Helper()
	values, err := query.Values(v)
	require.NoError(t, err)
	return values
}

var stockholm = time.FixedZone("CEST", 2*60*60)

func TestDateKeepsTheLocalDay(t *testing.T) {
	for _, text := range []string{
		"2024-03-01",
		"2024-03-01T00:00:00",
		"2024-03-01 00:00:00",
		"2024-03-01T00:00:00+00:00",
		"2024-03-01T00:00:00Z",
		"2024-03-01T00:00:00+02:00",   // the day before, in UTC
		"2024-03-01T23:59:59-11:00",   // the day after, in UTC
		"2024-03-01 23:59:59.9999999", // .NET's seven digits
		"2024-03-01T",
	} {
		t.Run(text, func(t *testing.T) {
			d := decoded[tid.Date](t, `"`+text+`"`)
			assert.Equal(t, tid.NewDate(2024, time.March, 1), d)
			assert.Equal(t, "2024-03-01", d.String())
			parsed, err := tid.ParseDate(text)
			require.NoError(t, err)
			assert.Equal(t, d, parsed)
		})
	}
}

func TestNullAndEmptyTextAreNoDate(t *testing.T) {
	type row struct {
		Date  tid.Date      `json:"date"`
		Time  tid.DateTime  `json:"time"`
		Clock tid.ClockTime `json:"clock"`
	}
	for _, text := range []string{
		`{}`,
		`{"date":null,"time":null,"clock":null}`,
		`{"date":"","time":"","clock":""}`,
	} {
		r := decoded[row](t, text)
		assert.True(t, r.Date.IsZero())
		assert.True(t, r.Time.IsZero())
		assert.True(t, r.Clock.IsZero())
		assert.Empty(t, r.Date.String()+r.Time.String()+r.Clock.String())
		assert.JSONEq(t, `{"date":null,"time":null,"clock":null}`, encoded(t, r))
	}
}

func TestWhatIsNoDateIsAClearError(t *testing.T) {
	for _, text := range []string{
		"2024-3-1", "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-00", "0000-01-01",
		"2024/03/01", "20240301", "01.03.2024", "2024-03-0", "2024-03-011", "2024-03-01x", "-024-03-01",
		"+024-03-01", " 2024-03-01", "today", "２０２４-03-01", "2024-03-01\x00", "null",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := tid.ParseDate(text)
			require.Error(t, err)
			assert.ErrorContains(t, err, "is not a date such as 2024-03-01")
			before := tid.NewDate(2020, 1, 1)
			assert.Error(t, before.UnmarshalText([]byte(text)))
			assert.Equal(t, tid.NewDate(2020, 1, 1), before, "a failed read changes nothing")
		})
	}
	_, err := tid.ParseDate(string(make([]byte, 1<<20)))
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 300, "the error does not repeat what it was given")
}

func TestOnlyRealDaysAreDates(t *testing.T) {
	_, err := tid.ParseDate("2024-02-29")
	assert.NoError(t, err, "2024 is a leap year")
	_, err = tid.ParseDate("2000-02-29")
	assert.NoError(t, err, "2000 is a leap year")
	_, err = tid.ParseDate("1900-02-29")
	assert.Error(t, err, "1900 is none")
}

func TestBodiesCarryMidnightAndFiltersTheDay(t *testing.T) {
	type body struct {
		Date tid.Date `json:"date,omitzero"`
	}
	assert.Equal(t, `{"date":"2024-03-01 00:00:00"}`, encoded(t, body{tid.NewDate(2024, 3, 1)}))
	assert.Equal(t, `{}`, encoded(t, body{}))

	type filter struct {
		From  tid.Date             `url:"filter.from,omitempty"`
		To    *tid.Date            `url:"filter.to,omitempty"`
		Only  tid.Opt[tid.Date]    `url:"filter.only,omitempty"`
		Since tid.DateTime         `url:"filter.since,omitempty"`
		Until *tid.DateTime        `url:"filter.until,omitempty"`
		Clock tid.ClockTime        `url:"filter.clock,omitempty"`
		Days  []tid.Date           `url:"filter.days,comma,omitempty"`
		Rate  tid.Decimal          `url:"filter.rate,omitempty"`
		Least tid.Opt[tid.Decimal] `url:"filter.least,omitempty"`
	}
	day := tid.NewDate(2024, 3, 1)
	since, err := tid.ParseDateTime("2021-01-01T14:00:00.5+01:00")
	require.NoError(t, err)
	assert.Empty(t, asQuery(t, filter{}), "what is not set is not sent")
	assert.Equal(t, url.Values{
		"filter.from":  {"2024-03-01"},
		"filter.to":    {"2024-03-01"},
		"filter.only":  {"2024-03-01"},
		"filter.since": {"2021-01-01 14:00:00"},
		"filter.until": {"2021-01-01 14:00:00"},
		"filter.clock": {"07:30"},
		"filter.days":  {"2024-03-01,2024-03-02"},
		"filter.rate":  {"42.5"},
		"filter.least": {"0.25"},
	}, asQuery(t, filter{day, &day, tid.Set(day), since, &since, tid.NewClockTime(7, 30), []tid.Date{day, day.AddDays(1)},
		tid.MustDecimal("42.5"), tid.Set(tid.MustDecimal("0.25"))}))
}

func TestAFilterTakesADayOrATime(t *testing.T) {
	day, at := tid.NewDate(2024, 3, 1), tid.DateTimeOf(time.Date(2024, 3, 1, 14, 0, 0, 500, stockholm))
	for _, test := range []struct {
		bound tid.DateOrTime
		want  url.Values
	}{
		{day, url.Values{"filter.updatedDateFrom": {"2024-03-01"}}},
		{&day, url.Values{"filter.updatedDateFrom": {"2024-03-01"}}},
		{at, url.Values{"filter.updatedDateFrom": {"2024-03-01 14:00:00"}}},
		{nil, url.Values{}},
		{tid.Date{}, url.Values{}},
		{tid.DateTime{}, url.Values{}},
	} {
		opts := tid.ProjectListOptions{UpdatedDateFrom: test.bound}
		require.NoError(t, tid.Check(anyOp, &opts))
		assert.Equal(t, test.want, asQuery(t, opts), "%v", test.bound)
	}
	_, err := query.Values(tid.ProjectListOptions{UpdatedDateFrom: tid.NewDate(10000, 1, 1)})
	assert.ErrorContains(t, err, "years 1 to 9999")
}

// TestEveryDateFilterOfTheVendorTakesATime walks the options of all lists: by the
// vendor a date filter takes a time as well. What is counted in days does not: the
// span of the day statistics, and the parameters of the planning, which are no filters.
func TestEveryDateFilterOfTheVendorTakesATime(t *testing.T) {
	days := []string{"UserDayStatisticsOptions.From", "UserDayStatisticsOptions.To", "PlanningUserListOptions.FromDate",
		"PlanningUserListOptions.ToDate", "ProjectPlanningListOptions.FromDate", "ProjectPlanningListOptions.ToDate",
		"UserPlanningListOptions.FromDate", "UserPlanningListOptions.ToDate"}
	found, times := map[string]bool{}, map[string]bool{}
	c := answering(t, nil)
	for _, m := range serviceMethods(t) {
		if !m.page {
			continue
		}
		fn := m.fn(c).Type()
		options := fn.In(fn.NumIn() - 1).Elem()
		for _, field := range reflect.VisibleFields(options) {
			switch name := options.Name() + "." + field.Name; field.Type {
			case reflect.TypeFor[tid.Date]():
				found[name] = true
			case reflect.TypeFor[tid.DateOrTime]():
				times[name] = true
			}
		}
	}
	assert.ElementsMatch(t, days, slices.Collect(maps.Keys(found)))
	assert.Len(t, times, 27)
}

func TestASpanThatEndsBeforeItBeginsIsRefused(t *testing.T) {
	day := tid.NewDate(2024, 3, 1)
	at := func(hour, offset int) tid.DateTime {
		return tid.DateTimeOf(time.Date(2024, 3, 1, hour, 0, 0, 0, time.FixedZone("", offset*60*60)))
	}
	for _, test := range []struct {
		from, to tid.DateOrTime
		refused  bool
	}{
		{day, day, false},
		{day, day.AddDays(-1), true},
		{at(14, 2), day, false}, // the day may be meant whole
		{day, at(0, 2), false},
		{at(14, 2), at(14, 2), false},
		{at(14, 2), at(13, 2), true},
		{at(14, 2), at(13, 0), true}, // as it is sent, which is without the offsets
		{day.AddDays(1), at(23, 2), true},
		{at(14, 2), day.AddDays(-1), true},
		{nil, day, false},
		{day, nil, false},
		{day, tid.Date{}, false},
		{day, tid.DateTime{}, false},
		{tid.DateTime{}, day, false},
		{&day, at(14, 2), false},
	} {
		err := tid.Check(anyOp, &tid.TimeReportListOptions{From: test.from, To: test.to})
		if !test.refused {
			assert.NoError(t, err, "%v to %v", test.from, test.to)
			continue
		}
		assert.ErrorContains(t, err, fmt.Sprintf("filter.to: %s is before filter.from, %s", test.to, test.from))
	}
}

func TestADayOutOfRangeIsNotCalledBeforeAnother(t *testing.T) {
	day, never := tid.NewDate(2024, 3, 1), tid.NewDate(10000, 1, 1)
	for property, opts := range map[string]any{
		"filter.to":   &tid.TimeReportListOptions{From: day, To: never},
		"filter.from": &tid.TimeReportListOptions{From: tid.DateTimeOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), To: day},
		"toDate":      &tid.PlanningUserListOptions{FromDate: day, ToDate: never},
	} {
		assert.Equal(t, map[string][]string{property: {"a date must be in the years 1 to 9999"}}, complaints(t, tid.Check(anyOp, opts)))
	}
	assert.Equal(t, map[string][]string{"startTime": {"a time of day must be between 00:00 and 24:00"}, "endDate": {"a date must be in the years 1 to 9999"}},
		complaints(t, tid.Check(anyOp, &tid.TaskInput{Title: "Tak", StartTime: tid.NewClockTime(25, 0), EndDate: never})))
}

func TestAPointerToNoDateIsRefusedAndDoesNotPanic(t *testing.T) {
	for _, bound := range []tid.DateOrTime{(*tid.Date)(nil), (*tid.DateTime)(nil)} {
		err := tid.Check(anyOp, &tid.ProjectListOptions{CreatedDateTo: bound})
		assert.ErrorContains(t, err, "filter.createdDateTo: is a nil pointer")
	}
}

// ownSpan is of a caller, with fields that nothing but its own package can see.
type ownSpan struct {
	note string
	From *tid.Date         `url:"filter.from,omitempty"`
	To   tid.Opt[tid.Date] `url:"filter.to,omitempty"`
}

func TestTheCallersOwnSpansAreChecked(t *testing.T) {
	day := tid.NewDate(2024, 3, 1)
	assert.NoError(t, tid.Check(anyOp, ownSpan{note: "x", To: tid.Set(day)}))
	assert.NoError(t, tid.Check(anyOp, ownSpan{From: &day, To: tid.Set(day)}))
	assert.ErrorContains(t, tid.Check(anyOp, ownSpan{From: &day, To: tid.Set(day.AddDays(-1))}), "is before filter.from")
}

func TestDateArithmetic(t *testing.T) {
	d := tid.NewDate(2024, time.February, 28)
	assert.Equal(t, "2024-02-29", d.AddDays(1).String())
	assert.Equal(t, "2024-03-01", d.AddDays(2).String())
	assert.Equal(t, "2023-12-31", tid.NewDate(2024, 1, 1).AddDays(-1).String())
	assert.Equal(t, 366, tid.NewDate(2025, 1, 1).DaysSince(tid.NewDate(2024, 1, 1)))
	assert.Equal(t, -1, d.DaysSince(d.AddDays(1)))
	assert.Equal(t, 30, tid.NewDate(2024, 3, 31).DaysSince(tid.NewDate(2024, 3, 1)), "summer time begins in between")
	assert.Equal(t, "2024-11-01", tid.NewDate(2024, time.October, 32).String(), "days over the end go into the next month")
	assert.Equal(t, time.Thursday, tid.NewDate(2024, 2, 29).Weekday())
	assert.Equal(t, []int{2024, 2, 28}, []int{d.Year(), int(d.Month()), d.Day()})

	assert.True(t, d.Before(d.AddDays(1)))
	assert.True(t, d.AddDays(1).After(d))
	assert.False(t, d.Before(d))
	assert.False(t, d.After(d))
	assert.Zero(t, d.Compare(d))
	assert.Equal(t, 1, tid.NewDate(2025, 1, 1).Compare(tid.NewDate(2024, 12, 31)))
	assert.Equal(t, -1, tid.NewDate(2024, 1, 31).Compare(tid.NewDate(2024, 2, 1)))
}

func TestDateTakesTheDayThatATimeShows(t *testing.T) {
	late := time.Date(2024, 3, 1, 23, 30, 0, 0, time.UTC)
	assert.Equal(t, "2024-03-01", tid.DateOf(late).String())
	assert.Equal(t, "2024-03-02", tid.DateOf(late.In(stockholm)).String())
	assert.Equal(t, time.Date(2024, 3, 1, 0, 0, 0, 0, stockholm), tid.NewDate(2024, 3, 1).In(stockholm))
}

func TestTodayIsTheDayInTheGivenZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where it is midnight in UTC
		assert.Equal(t, "2000-01-01", tid.Today(time.UTC).String())
		assert.Equal(t, "2000-01-01", tid.Today(stockholm).String())
		assert.Equal(t, "1999-12-31", tid.Today(time.FixedZone("west", -60*60)).String())
	})
}

func TestNoDateStaysNone(t *testing.T) {
	var none tid.Date
	assert.True(t, none.In(stockholm).IsZero())
	assert.True(t, none.AddDays(7).IsZero())
	assert.Equal(t, -1, none.Compare(tid.NewDate(1, 1, 2)))
	assert.Equal(t, "null", encoded(t, none))
	var never tid.DateTime
	assert.True(t, never.In(stockholm).IsZero())
	assert.True(t, never.Date().IsZero())
	assert.True(t, never.Add(time.Hour).IsZero())
	_, ok := never.Offset()
	assert.False(t, ok)
	assert.Equal(t, "null", encoded(t, never))
}

func TestADateThatCannotBeReadBackIsNotWritten(t *testing.T) {
	for _, year := range []int{-1, 0, 10000} {
		_, err := json.Marshal(tid.NewDate(year, 6, 1))
		assert.ErrorContains(t, err, "years 1 to 9999")
		_, err = json.Marshal(tid.DateTimeOf(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)))
		assert.ErrorContains(t, err, "years 1 to 9999")
	}
}

func TestDateTimeKeepsTheWallClock(t *testing.T) {
	for _, test := range []struct {
		text, want string
		offset     int
		zoned      bool
	}{
		{"2024-03-01", "2024-03-01 00:00:00", 0, false},
		{"2024-03-01 14:05", "2024-03-01 14:05:00", 0, false},
		{"2024-03-01 14:05:06", "2024-03-01 14:05:06", 0, false},
		{"2024-03-01T14:05:06", "2024-03-01 14:05:06", 0, false},
		{"2024-03-01T14:05:06Z", "2024-03-01 14:05:06+00:00", 0, true},
		{"2024-03-01T14:05:06z", "2024-03-01 14:05:06+00:00", 0, true},
		{"2024-03-01T14:05:06+00:00", "2024-03-01 14:05:06+00:00", 0, true},
		{"2024-03-01T14:05:06-00:00", "2024-03-01 14:05:06+00:00", 0, true},
		{"2024-03-01T14:05:06+01:00", "2024-03-01 14:05:06+01:00", 3600, true},
		{"2024-04-19 07:17:33 +00:00", "2024-04-19 07:17:33+00:00", 0, true},
		{"2024-03-01 14:05:06 +0200", "2024-03-01 14:05:06+02:00", 7200, true},
		{"2024-03-01 14:05:06-03", "2024-03-01 14:05:06-03:00", -10800, true},
		{"2024-03-01 14:05:06-09:30", "2024-03-01 14:05:06-09:30", -34200, true},
		{"2024-03-01T14:05Z", "2024-03-01 14:05:00+00:00", 0, true},
		{"2024-03-01T14:05:06.1234567", "2024-03-01 14:05:06.1234567", 0, false},
		{"2024-03-01T14:05:06.5+02:00", "2024-03-01 14:05:06.5+02:00", 7200, true},
		{"2024-03-01T14:05:06.000", "2024-03-01 14:05:06", 0, false},
		{"2024-03-01T14:05:06.1234567891", "2024-03-01 14:05:06.123456789", 0, false},
		{"2024-03-31 02:30:00", "2024-03-31 02:30:00", 0, false}, // does not exist in Stockholm
	} {
		t.Run(test.text, func(t *testing.T) {
			dt := decoded[tid.DateTime](t, `"`+test.text+`"`)
			assert.Equal(t, test.want, dt.String())
			offset, zoned := dt.Offset()
			assert.Equal(t, test.offset, offset)
			assert.Equal(t, test.zoned, zoned)
			assert.Equal(t, test.text[:10], dt.Date().String())
			assert.Equal(t, `"`+test.want+`"`, encoded(t, dt))
			assert.Equal(t, dt, decoded[tid.DateTime](t, encoded(t, dt)))
			assert.False(t, dt.IsZero())
		})
	}
}

func TestWhatIsNoDateTimeIsAClearError(t *testing.T) {
	for _, text := range []string{
		"14:05:06", "2024-03-01T", "2024-03-01 ", "2024-03-01T25:00:00", "2024-03-01T24:00:00", "2024-03-01T14:60:00",
		"2024-03-01T14:05:60", "2024-03-01T14", "2024-03-01T14:05:06.", "2024-03-01T14:05:06.x", "2024-03-01x14:05:06",
		"2024-03-01T14:05:06+24:00", "2024-03-01T14:05:06+01:60", "2024-03-01T14:05:06+1", "2024-03-01T14:05:06 CET",
		"2024-02-30T14:05:06", "2024-03-01T14:05:06  Z", "2024-03-01T14:05:06+01:00:00", "/Date(1709251200000)/",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := tid.ParseDateTime(text)
			assert.ErrorContains(t, err, "is not a date and time such as 2024-03-01 14:00:00")
			var dt tid.DateTime
			assert.Error(t, json.Unmarshal([]byte(`"`+text+`"`), &dt))
		})
	}
}

func TestDateTimeInAZone(t *testing.T) {
	wall, err := tid.ParseDateTime("2024-03-01 14:00:00")
	require.NoError(t, err)
	assert.Equal(t, time.Date(2024, 3, 1, 14, 0, 0, 0, stockholm), wall.In(stockholm), "without an offset the caller names the zone")

	exact, err := tid.ParseDateTime("2024-03-01 14:00:00+00:00")
	require.NoError(t, err)
	assert.Equal(t, time.Date(2024, 3, 1, 16, 0, 0, 0, stockholm), exact.In(stockholm), "with one the instant is the API's")

	at := time.Date(2024, 3, 1, 23, 30, 0, 5000, stockholm)
	assert.True(t, at.Equal(tid.DateTimeOf(at).In(time.UTC)))
	assert.Equal(t, "2024-03-01 23:30:00.000005+02:00", tid.DateTimeOf(at).String())
	assert.Equal(t, "2024-03-01 23:30:00.000005", tid.DateTimeOfWall(at).String())
}

func TestDateTimeArithmeticKeepsTheOffset(t *testing.T) {
	parse := func(text string) tid.DateTime {
		dt, err := tid.ParseDateTime(text)
		require.NoError(t, err)
		return dt
	}
	assert.Equal(t, parse("2024-03-01 00:30:00"), parse("2024-02-29 23:30:00").Add(time.Hour))
	assert.Equal(t, parse("2024-02-29 23:30:00+02:00"), parse("2024-03-01 00:30:00+02:00").Add(-time.Hour))
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"2024-03-01 12:00:00", "2024-03-01 12:00:00", 0},
		{"2024-03-01 12:00:00", "2024-03-01 12:00:00.1", -1},
		{"2024-03-01 12:00:00+00:00", "2024-03-01 14:00:00+02:00", 0},
		{"2024-03-01 12:00:00Z", "2024-03-01 13:00:00+02:00", 1},
		{"2024-03-01 12:00:00Z", "2024-03-01 13:00:00", -1}, // one offset unknown: by the wall clocks
	} {
		assert.Equal(t, test.want, parse(test.a).Compare(parse(test.b)), "%s and %s", test.a, test.b)
		assert.Equal(t, -test.want, parse(test.b).Compare(parse(test.a)), "%s and %s", test.b, test.a)
		assert.Equal(t, 1, parse(test.a).Compare(tid.DateTime{}))
		assert.Equal(t, test.want < 0, parse(test.a).Before(parse(test.b)), "%s before %s", test.a, test.b)
		assert.Equal(t, test.want > 0, parse(test.a).After(parse(test.b)), "%s after %s", test.a, test.b)
	}
}

func TestClockTime(t *testing.T) {
	for _, test := range []struct {
		text, want string
		since      time.Duration
	}{
		{"07:30", "07:30", 7*time.Hour + 30*time.Minute},
		{"07:30:00", "07:30", 7*time.Hour + 30*time.Minute},
		{"07:30:15", "07:30:15", 7*time.Hour + 30*time.Minute + 15*time.Second},
		{"00:00", "00:00", 0},
		{"23:59:59", "23:59:59", 24*time.Hour - time.Second},
		{"24:00", "24:00", 24 * time.Hour},
	} {
		t.Run(test.text, func(t *testing.T) {
			c := decoded[tid.ClockTime](t, `"`+test.text+`"`)
			assert.Equal(t, test.want, c.String())
			assert.Equal(t, test.since, c.SinceMidnight())
			assert.Equal(t, `"`+test.want+`"`, encoded(t, c))
			assert.Equal(t, c, decoded[tid.ClockTime](t, encoded(t, c)))
			assert.False(t, c.IsZero(), "midnight is a time of day as well")
		})
	}
	for _, text := range []string{"7:30", "07.30", "07:60", "07:30:60", "24:00:01", "24:01", "25:00", "-1:30", "07:30 ", "07:30:1", "0730", "07:30Z", "+7:30", "half past seven"} {
		_, err := tid.ParseClockTime(text)
		assert.ErrorContains(t, err, "is not a time of day such as 07:30", "%s", text)
	}
	assert.Zero(t, tid.ClockTime{}.SinceMidnight())
}

func TestATimeOutsideOfADayIsNotWritten(t *testing.T) {
	for _, c := range []tid.ClockTime{tid.NewClockTime(24, 1), tid.NewClockTime(25, 0), tid.NewClockTime(-1, 0), tid.NewClockTime(0, -1)} {
		_, err := json.Marshal(c)
		assert.ErrorContains(t, err, "between 00:00 and 24:00")
	}
	assert.Equal(t, `["00:00","24:00"]`, encoded(t, []tid.ClockTime{tid.NewClockTime(0, 0), tid.NewClockTime(24, 0)}))
}
