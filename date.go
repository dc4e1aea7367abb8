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

	"github.com/google/go-querystring/query"
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

// DateOrTime is a bound of a filter: a [Date] or a [DateTime]. Nil sets no bound,
// and neither does the zero value of either. A Date is sent as a day. Whether a "to"
// includes that day is known only where the filter says so. A DateTime is sent as its
// wall clock to the second, without its offset, since the documented format has none.
// Which zone the API assumes is unknown.
type DateOrTime interface {
	query.Encoder
	fmt.Stringer
	// IsZero reports whether no bound is set.
	IsZero() bool
	// wall is what is sent: a day and, for a time, its time of day.
	wall() (Date, ClockTime)
}

func (d Date) wall() (Date, ClockTime) { return d, ClockTime{} }

func (dt DateTime) wall() (Date, ClockTime) { return dt.date, ClockTime{next: dt.second + 1} }

// reversed reports whether a span ends before it begins, by what is sent of both
// ends. A day and a time of that day are not out of order, nor is a day that cannot
// be sent.
func reversed(from, to DateOrTime) bool {
	begin, since := from.wall()
	end, until := to.wall()
	if begin == noDay || end == noDay {
		return false
	}
	timed := !since.IsZero() && !until.IsZero()
	return end.Before(begin) || timed && end == begin && until.next < since.next
}

// DateTime is a moment as the API gives it: the wall clock, and the offset from
// UTC when the API sent one. Which zone the API means without an offset is not
// documented: the caller chooses it with [DateTime.In].
// The zero value means that no time is set; it is written as null. Databases are
// given the text of [DateTime.String], or NULL.
type DateTime struct {
	date   Date
	second int32 // of the day
	nano   int32
	offset int32 // seconds east of UTC, when zoned
	zoned  bool
}

// DateTimeOf returns the wall clock and the offset of t; no time where [DateOf] gives no date.
func DateTimeOf(t time.Time) DateTime {
	dt := DateTimeOfWall(t)
	if dt.IsZero() {
		return dt
	}
	_, offset := t.Zone()
	dt.offset, dt.zoned = int32(offset), true
	return dt
}

// DateTimeOfWall returns the wall clock of t without an offset; no time for the zero time.
func DateTimeOfWall(t time.Time) DateTime {
	date := DateOf(t)
	if date.IsZero() {
		return DateTime{}
	}
	h, m, s := t.Clock()
	return DateTime{date: date, second: int32(h*3600 + m*60 + s), nano: int32(t.Nanosecond())}
}

// ParseDateTime reads "2024-03-01 14:00:00" with a space or a T between day and
// time, with or without seconds, a fraction, and an offset ("Z", "+01:00",
// " +0100"). A day alone is its midnight.
func ParseDateTime(s string) (DateTime, error) {
	dt, ok := scanDateTime(s)
	if !ok {
		return DateTime{}, fmt.Errorf("%s is not a date and time such as 2024-03-01 14:00:00", quote(s))
	}
	return dt, nil
}

func scanDateTime(s string) (dt DateTime, ok bool) {
	dt.date, s, ok = scanDate(s)
	if !ok || s == "" {
		return dt, ok
	}
	if s[0] != 'T' && s[0] != ' ' {
		return DateTime{}, false
	}
	if dt.second, s, ok = scanClock(s[1:]); !ok || dt.second >= secondsADay {
		return DateTime{}, false
	}
	if s != "" && s[0] == '.' {
		end := 1
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		if end == 1 {
			return DateTime{}, false
		}
		nano, _ := digits((s[1:end] + "000000000")[:9])
		dt.nano, s = int32(nano), s[end:]
	}
	if dt.offset, dt.zoned, ok = scanOffset(s); !ok || dt.date.IsZero() {
		return DateTime{}, ok
	}
	return dt, true
}

// scanOffset reads all of s: nothing, "Z", "+01:00", "+0100" or "+01", with or
// without a space before it.
func scanOffset(s string) (offset int32, zoned, ok bool) {
	if s != "" && s[0] == ' ' {
		s = s[1:]
	}
	switch {
	case s == "":
		return 0, false, true
	case s == "Z" || s == "z":
		return 0, true, true
	case len(s) == 6 && s[3] == ':':
		s = s[:3] + s[4:]
	case len(s) == 3:
		s += "00"
	}
	if len(s) != 5 || (s[0] != '+' && s[0] != '-') {
		return 0, false, false
	}
	hour, okHour := digits(s[1:3])
	minute, okMinute := digits(s[3:5])
	if !okHour || !okMinute || hour > 23 || minute > 59 {
		return 0, false, false
	}
	offset = int32(hour*3600 + minute*60)
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true, true
}

// IsZero reports whether no time is set.
func (dt DateTime) IsZero() bool { return dt.date.IsZero() }

// Date returns the calendar day of the wall clock.
func (dt DateTime) Date() Date { return dt.date }

// Offset returns the seconds east of UTC that the API sent, and whether it sent them.
func (dt DateTime) Offset() (seconds int, ok bool) { return int(dt.offset), dt.zoned }

// In returns the instant, shown in loc. With an offset from the API the instant
// is exact; without one the wall clock is taken to be the wall clock in loc. It
// is the zero time when no time is set.
func (dt DateTime) In(loc *time.Location) time.Time {
	if dt.IsZero() {
		return time.Time{}
	}
	in := loc
	if dt.zoned {
		in = time.FixedZone("", int(dt.offset))
	}
	d := dt.date
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, int(dt.second), int(dt.nano), in).In(loc)
}

// Add returns the moment d later, with the same offset or none. No time stays no
// time.
func (dt DateTime) Add(d time.Duration) DateTime {
	if dt.IsZero() {
		return dt
	}
	if dt.zoned {
		return DateTimeOf(dt.In(time.FixedZone("", int(dt.offset))).Add(d))
	}
	return DateTimeOfWall(dt.In(time.UTC).Add(d))
}

// Compare returns -1, 0 or +1 as dt is before, the same as, or after other. With
// both offsets known it compares the instants, otherwise the wall clocks.
func (dt DateTime) Compare(other DateTime) int {
	if !dt.zoned || !other.zoned {
		dt.zoned, other.zoned = false, false
	}
	return dt.In(time.UTC).Compare(other.In(time.UTC))
}

// Before reports whether dt is earlier than other, as [DateTime.Compare] has it.
func (dt DateTime) Before(other DateTime) bool { return dt.Compare(other) < 0 }

// After reports whether dt is later than other, as [DateTime.Compare] has it.
func (dt DateTime) After(other DateTime) bool { return dt.Compare(other) > 0 }

// String returns the wall clock as "2024-03-01 14:00:00", then the fraction and
// the offset where there are any; "" when no time is set.
func (dt DateTime) String() string {
	if dt.IsZero() {
		return ""
	}
	layout := "2006-01-02 15:04:05.999999999"
	if dt.zoned {
		layout += "-07:00"
		return dt.In(time.FixedZone("", int(dt.offset))).Format(layout)
	}
	return dt.In(time.UTC).Format(layout)
}

// MarshalJSON writes the text of [DateTime.String], or null.
func (dt DateTime) MarshalJSON() ([]byte, error) {
	text, err := dt.text()
	if text == "" {
		return []byte("null"), err
	}
	return []byte(`"` + text + `"`), err
}

// text is String, or an error for a time that cannot be written: years have four digits.
func (dt DateTime) text() (string, error) {
	if _, err := dt.date.text(); err != nil {
		return "", err
	}
	return dt.String(), nil
}

// EncodeValues writes the shape that the API documents for filters, the wall
// clock to the second; nothing when no time is set.
func (dt DateTime) EncodeValues(key string, v *url.Values) error {
	text, err := dt.text()
	return encodeFilter(key, text[:min(len(text), len(time.DateTime))], err, v)
}

// Value returns the text of [DateTime.String] for a database: the wall clock, and the
// offset where there is one.
func (dt DateTime) Value() (driver.Value, error) {
	text, err := dt.text()
	return sqlText(text, err)
}

// Scan reads a moment from a database: a time.Time with its offset, a text that
// [ParseDateTime] reads, or NULL, which is no time. Drivers give columns without a zone,
// such as PostgreSQL's timestamp, some zone: to keep a wall clock without an offset, use a
// text column, or scan a time.Time and take [DateTimeOfWall] of it.
func (dt *DateTime) Scan(src any) error { return scanSQL(dt, src, ParseDateTime, DateTimeOf) }

// UnmarshalText reads what [ParseDateTime] reads; an empty text is no time.
func (dt *DateTime) UnmarshalText(text []byte) error {
	parsed, err := ParseDateTime(string(text))
	return decoded(dt, text, parsed, err)
}

const secondsADay = 24 * 60 * 60

// ClockTime is a time of day without a date, such as the start of a working
// day. The zero value means that none is set; midnight is NewClockTime(0, 0).
// Databases are given the text "07:30", or NULL.
type ClockTime struct {
	next int32 // seconds since midnight plus one; zero is unset
}

// NewClockTime returns the given time of day. Hour 24 with minute 0 is the end
// of the day; anything else outside a day is refused by the first request that
// would carry it.
func NewClockTime(hour, minute int) ClockTime {
	if min(hour, minute) < 0 || hour > 24 || minute > 24*60 {
		return ClockTime{next: -1}
	}
	return ClockTime{next: int32(hour*3600+minute*60) + 1}
}

// ParseClockTime reads "07:30" or "07:30:00".
func ParseClockTime(s string) (ClockTime, error) {
	second, rest, ok := scanClock(s)
	if !ok || rest != "" {
		return ClockTime{}, fmt.Errorf("%s is not a time of day such as 07:30", quote(s))
	}
	return ClockTime{next: second + 1}, nil
}

// scanClock reads "15:04" or "15:04:05" off the front of s.
func scanClock(s string) (second int32, rest string, ok bool) {
	if len(s) < 5 || s[2] != ':' {
		return 0, s, false
	}
	h, okHour := digits(s[0:2])
	m, okMinute := digits(s[3:5])
	if !okHour || !okMinute || m > 59 {
		return 0, s, false
	}
	second, rest = int32(h*3600+m*60), s[5:]
	if len(rest) >= 3 && rest[0] == ':' {
		sec, okSecond := digits(rest[1:3])
		if !okSecond || sec > 59 {
			return 0, s, false
		}
		second, rest = second+int32(sec), rest[3:]
	}
	return second, rest, second <= secondsADay
}

// IsZero reports whether no time of day is set.
func (c ClockTime) IsZero() bool { return c == ClockTime{} }

// SinceMidnight returns the time that has passed since the day began.
func (c ClockTime) SinceMidnight() time.Duration {
	if c.IsZero() {
		return 0
	}
	return time.Duration(c.next-1) * time.Second
}

// String returns "07:30", or "07:30:15" where there are seconds; "" when unset.
func (c ClockTime) String() string {
	if c.IsZero() {
		return ""
	}
	s := c.next - 1
	text := fmt.Sprintf("%02d:%02d", s/3600, s/60%60)
	if s%60 != 0 {
		text += fmt.Sprintf(":%02d", s%60)
	}
	return text
}

// MarshalJSON writes "07:30", or null.
func (c ClockTime) MarshalJSON() ([]byte, error) {
	text, err := c.text()
	if text == "" {
		return []byte("null"), err
	}
	return []byte(`"` + text + `"`), err
}

var errNoClockTime = errors.New("a time of day must be between 00:00 and 24:00")

// text is String, or an error for a time outside of a day.
func (c ClockTime) text() (string, error) {
	if !c.IsZero() && (c.next < 1 || c.next-1 > secondsADay) {
		return "", errNoClockTime
	}
	return c.String(), nil
}

// EncodeValues writes a filter: "07:30"; nothing when no time is set.
func (c ClockTime) EncodeValues(key string, v *url.Values) error {
	text, err := c.text()
	return encodeFilter(key, text, err, v)
}

// Value returns the text of [ClockTime.String] for a database.
func (c ClockTime) Value() (driver.Value, error) {
	text, err := c.text()
	return sqlText(text, err)
}

// Scan reads a time of day from a database: that of a time.Time in its own
// location, without the fraction of a second; a text that [ParseClockTime] reads;
// or NULL, which is no time.
func (c *ClockTime) Scan(src any) error {
	return scanSQL(c, src, ParseClockTime, func(t time.Time) ClockTime { return ClockTime{next: DateTimeOfWall(t).second + 1} })
}

// UnmarshalText reads what [ParseClockTime] reads; an empty text is no time.
func (c *ClockTime) UnmarshalText(text []byte) error {
	parsed, err := ParseClockTime(string(text))
	return decoded(c, text, parsed, err)
}
