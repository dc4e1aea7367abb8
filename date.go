package tid

import (
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"time"
)

// Date is a calendar day without a time zone, as the API's dates are. The zero
// value means that no date is set; it is written as null.
//
// Bodies carry a date as "2024-03-01 00:00:00" and filters as "2024-03-01".
// Reading takes the first ten characters of what the API sends, and never
// shifts the day by a zone. Databases are given the text "2024-03-01", or NULL.
type Date struct {
	year       int16
	month, day uint8
}

// NewDate returns the given day. Values outside their usual ranges are normalised as
// [time.Date] does: October 32 becomes November 1. A day outside the years 1 to 9999 is
// refused by the first request that would carry it. January 1 of the year 1 is the zero
// Date: .NET, like [time.Time], uses it where no date is set.
func NewDate(year int, month time.Month, day int) Date {
	const most = 1 << 20 // larger values could overflow in time.Date
	if max(year, int(month), day) > most || min(year, int(month), day) < -most {
		return noDay
	}
	return DateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// DateOf returns the day that t shows in its own location, with the bounds of [NewDate].
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	switch {
	case y < 1 || y > 9999:
		return noDay
	case y == 1 && m == time.January && d == 1:
		return Date{}
	}
	return Date{year: int16(y), month: uint8(m), day: uint8(d)}
}

// Today returns the day that it is now in loc.
func Today(loc *time.Location) Date { return DateOf(time.Now().In(loc)) }

// noDay is a day outside the range that the API's format can hold. No request carries it.
var noDay = Date{year: -1, month: 1, day: 1}

var errNoDay = errors.New("a date must be in the years 1 to 9999")

// ParseDate reads a day from "2024-03-01", alone or followed by a time of day.
// "0001-01-01", the empty date of .NET, is no date.
func ParseDate(s string) (Date, error) {
	d, rest, ok := scanDate(s)
	if !ok || (rest != "" && rest[0] != 'T' && rest[0] != ' ') {
		return Date{}, fmt.Errorf("%s is not a date such as 2024-03-01", quote(s))
	}
	return d, nil
}

// scanDate reads the ten characters of a day off the front of s.
func scanDate(s string) (d Date, rest string, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return Date{}, s, false
	}
	year, okYear := digits(s[0:4])
	month, okMonth := digits(s[5:7])
	day, okDay := digits(s[8:10])
	if !okYear || !okMonth || !okDay || year == 0 {
		return Date{}, s, false
	}
	d = Date{year: int16(year), month: uint8(month), day: uint8(day)}
	if real := d.In(time.UTC); real.Month() != time.Month(month) || real.Day() != day {
		return Date{}, s, false // such as February 30
	}
	if d == (Date{year: 1, month: 1, day: 1}) {
		d = Date{}
	}
	return d, s[10:], true
}

// digits reads an unsigned number made of decimal digits only.
func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s != ""
}

// quote shows foreign text in an error, bounded.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}

// Year returns the year of d.
func (d Date) Year() int { return int(d.year) }

// Month returns the month of d.
func (d Date) Month() time.Month { return time.Month(d.month) }

// Day returns the day of the month of d.
func (d Date) Day() int { return int(d.day) }

// Weekday returns the day of the week of d.
func (d Date) Weekday() time.Weekday { return d.In(time.UTC).Weekday() }

// IsZero reports whether no date is set.
func (d Date) IsZero() bool { return d == Date{} }

// In returns the midnight that begins d in loc; the zero time when no date is set.
func (d Date) In(loc *time.Location) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, loc)
}

// AddDays returns the day n days after d, or before it when n is negative. No
// date stays no date.
func (d Date) AddDays(n int) Date {
	if d.IsZero() {
		return d
	}
	return NewDate(d.Year(), d.Month(), d.Day()+n)
}

// DaysSince returns the number of days from other to d.
func (d Date) DaysSince(other Date) int {
	return int(d.In(time.UTC).Sub(other.In(time.UTC)) / (24 * time.Hour))
}

// Compare returns -1, 0 or +1 as d is before, the same as, or after other. No
// date is before every date.
func (d Date) Compare(other Date) int {
	return cmp.Or(cmp.Compare(d.year, other.year), cmp.Compare(d.month, other.month), cmp.Compare(d.day, other.day))
}

// Before reports whether d is an earlier day than other.
func (d Date) Before(other Date) bool { return d.Compare(other) < 0 }

// After reports whether d is a later day than other.
func (d Date) After(other Date) bool { return d.Compare(other) > 0 }

// String returns the day as "2024-03-01", or "" when none is set.
func (d Date) String() string {
	switch d {
	case Date{}:
		return ""
	case noDay:
		return "a day outside the years 1 to 9999"
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
}

// MarshalJSON writes the shape that the API takes in bodies, or null.
func (d Date) MarshalJSON() ([]byte, error) {
	text, err := d.text()
	if text == "" {
		return []byte("null"), err
	}
	return []byte(`"` + text + ` 00:00:00"`), err
}

// text is String, or an error for a day that cannot be written: years have four digits.
func (d Date) text() (string, error) {
	if !d.IsZero() && (d.year < 1 || d.year > 9999) {
		return "", errNoDay
	}
	return d.String(), nil
}

// UnmarshalText reads what [ParseDate] reads; an empty text is no date.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := ParseDate(string(text))
	return decoded(d, text, parsed, err)
}

// EncodeValues writes the shape that the API takes in filters; nothing when no
// date is set.
func (d Date) EncodeValues(key string, v *url.Values) error {
	text, err := d.text()
	return encodeFilter(key, text, err, v)
}

// encodeFilter writes a filter, unless it is empty: the API could take "" as a value.
func encodeFilter(key, text string, err error, v *url.Values) error {
	if text != "" {
		v.Set(key, text)
	}
	return err
}

// Value returns the day for a database, as text, which no driver shifts by a zone.
func (d Date) Value() (driver.Value, error) {
	text, err := d.text()
	return sqlText(text, err)
}

// Scan reads a day from a database: the day that a time.Time shows in its own
// location, a text that [ParseDate] reads, or NULL, which is no date.
func (d *Date) Scan(src any) error { return scanSQL(d, src, ParseDate, DateOf) }

// sqlText is what a database is given: NULL for what is not set.
func sqlText(text string, err error) (driver.Value, error) {
	if text == "" {
		return nil, err
	}
	return text, err
}

// scanSQL sets *v to what a database gave, which is one of the types of
// [driver.Value]; on an error *v stays as it is.
func scanSQL[T any](v *T, src any, parse func(string) (T, error), of func(time.Time) T) error {
	var got T
	var err error
	switch src := src.(type) {
	case nil:
	case time.Time:
		got = of(src)
	case string:
		if src != "" {
			got, err = parse(src)
		}
	case []byte:
		return scanSQL(v, string(src), parse, of)
	default:
		err = fmt.Errorf("a value of type %T cannot be read as a %T", src, got)
	}
	if err == nil {
		*v = got
	}
	return err
}

// decoded sets *v to what text was parsed to, or to its zero value for an empty
// text. Its error is the one that encoding/json completes with the name of the field.
func decoded[T any](v *T, text []byte, parsed T, err error) error {
	if err != nil && len(text) > 0 {
		return &json.UnmarshalTypeError{Value: "string " + quote(string(text)), Type: reflect.TypeFor[T]()}
	}
	*v = parsed
	return nil
}
