package tid

import (
	"database/sql/driver"
	"fmt"
	"net/url"
	"time"

	"github.com/google/go-querystring/query"
)

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
