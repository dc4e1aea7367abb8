package tid_test

import (
	"database/sql"
	"database/sql/driver"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

var (
	_ sql.Scanner   = (*tid.Date)(nil)
	_ sql.Scanner   = (*tid.DateTime)(nil)
	_ sql.Scanner   = (*tid.ClockTime)(nil)
	_ sql.Scanner   = (*tid.Decimal)(nil)
	_ driver.Valuer = tid.Decimal{}
)

// toDatabase is what database/sql gives a driver for v.
func toDatabase(t *testing.T, v driver.Valuer) driver.Value {
	t.Helper()
	value, err := driver.DefaultParameterConverter.ConvertValue(v)
	require.NoError(t, err)
	return value
}

// fromDatabase is the T that database/sql makes of what a driver has given.
func fromDatabase[T any](t *testing.T, src driver.Value) T {
	t.Helper()
	var v sql.Null[T]
	require.NoError(t, v.Scan(src))
	return v.V
}

func TestDatabasesAreGivenTextThatNoZoneCanShift(t *testing.T) {
	for _, test := range []struct {
		value driver.Valuer
		want  driver.Value
	}{
		{tid.NewDate(2024, 3, 1), "2024-03-01"},
		{tid.Date{}, nil},
		{tid.DateTimeOfWall(time.Date(2024, 3, 1, 14, 0, 0, 0, stockholm)), "2024-03-01 14:00:00"},
		{tid.DateTimeOf(time.Date(2024, 3, 1, 14, 0, 0, 5000, stockholm)), "2024-03-01 14:00:00.000005+02:00"},
		{tid.DateTime{}, nil},
		{tid.NewClockTime(7, 30), "07:30"},
		{tid.NewClockTime(0, 0), "00:00"},
		{tid.ClockTime{}, nil},
		{tid.MustDecimal("1234.50"), "1234.5"},
		{tid.Decimal{}, "0"},
	} {
		assert.Equal(t, test.want, toDatabase(t, test.value), "%#v", test.value)
	}
	for _, v := range []driver.Valuer{
		tid.NewDate(10000, 1, 1), tid.DateTimeOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), tid.NewClockTime(25, 0),
	} {
		value, err := v.Value()
		assert.Error(t, err, "%s cannot be read back", v)
		assert.Nil(t, value)
	}
}

func TestWhatADatabaseWasGivenComesBack(t *testing.T) {
	day, clock, sum := tid.NewDate(2024, 3, 1), tid.NewClockTime(24, 0), tid.MustDecimal("-0.05")
	assert.Equal(t, day, fromDatabase[tid.Date](t, toDatabase(t, day)))
	assert.Equal(t, clock, fromDatabase[tid.ClockTime](t, toDatabase(t, clock)))
	assert.True(t, sum.Equal(fromDatabase[tid.Decimal](t, toDatabase(t, sum))))
	at := time.Date(2024, 3, 1, 14, 0, 0, 5000, stockholm)
	for _, dt := range []tid.DateTime{tid.DateTimeOf(at), tid.DateTimeOfWall(at)} {
		assert.Equal(t, dt, fromDatabase[tid.DateTime](t, toDatabase(t, dt)), "with its offset, or without one")
	}
}

func TestADayFromADatabaseIsNeverShifted(t *testing.T) {
	want := tid.NewDate(2024, 3, 1)
	for _, src := range []driver.Value{
		time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2024, 3, 1, 0, 0, 0, 0, stockholm),                          // the day before, in UTC
		time.Date(2024, 3, 1, 23, 0, 0, 0, time.FixedZone("west", -11*60*60)), // the day after, in UTC
		"2024-03-01", "2024-03-01T00:00:00Z", "2024-03-01 00:00:00+02:00", []byte("2024-03-01"),
	} {
		assert.Equal(t, want, fromDatabase[tid.Date](t, src), "%v", src)
	}
}

func TestTimesFromADatabase(t *testing.T) {
	at := time.Date(2024, 3, 1, 14, 5, 6, 7000, stockholm)
	assert.Equal(t, tid.DateTimeOf(at), fromDatabase[tid.DateTime](t, at), "a time.Time keeps its offset")
	assert.Equal(t, "2024-03-01 14:05:06", fromDatabase[tid.DateTime](t, "2024-03-01 14:05:06").String())
	assert.Equal(t, "2024-03-01 14:05:06+01:00", fromDatabase[tid.DateTime](t, []byte("2024-03-01T14:05:06+01:00")).String())
	assert.Equal(t, "14:05:06", fromDatabase[tid.ClockTime](t, at).String())
	assert.Equal(t, tid.NewClockTime(7, 30), fromDatabase[tid.ClockTime](t, "07:30:00"))
	assert.Equal(t, tid.NewClockTime(7, 30), fromDatabase[tid.ClockTime](t, []byte("07:30")))
}

func TestNullAndNothingAreUnset(t *testing.T) {
	for _, src := range []any{nil, "", []byte(nil)} {
		day, at, clock := tid.NewDate(2024, 3, 1), tid.DateTimeOf(time.Now()), tid.NewClockTime(7, 30)
		require.NoError(t, day.Scan(src))
		require.NoError(t, at.Scan(src))
		require.NoError(t, clock.Scan(src))
		assert.True(t, day.IsZero() && at.IsZero() && clock.IsZero(), "%#v", src)
	}
	var sum tid.Decimal
	assert.Error(t, sum.Scan(nil), "NULL is not 0")
	assert.Equal(t, sql.Null[tid.Decimal]{}, func() (n sql.Null[tid.Decimal]) { require.NoError(t, n.Scan(nil)); return n }())
}

func TestWhatCannotBeScannedIsAClearErrorAndChangesNothing(t *testing.T) {
	day, at, clock := tid.NewDate(2024, 3, 1), tid.DateTimeOf(time.Now()), tid.NewClockTime(7, 30)
	wasDay, wasAt, wasClock := day, at, clock
	assert.EqualError(t, day.Scan("soon"), `"soon" is not a date such as 2024-03-01`)
	assert.EqualError(t, day.Scan(int64(20240301)), "a value of type int64 cannot be read as a tid.Date")
	assert.EqualError(t, at.Scan([]byte("soon")), `"soon" is not a date and time such as 2024-03-01 14:00:00`)
	assert.EqualError(t, at.Scan(1.5), "a value of type float64 cannot be read as a tid.DateTime")
	assert.EqualError(t, clock.Scan("late"), `"late" is not a time of day such as 07:30`)
	assert.EqualError(t, clock.Scan(true), "a value of type bool cannot be read as a tid.ClockTime")
	assert.Equal(t, []any{wasDay, wasAt, wasClock}, []any{day, at, clock})
}
