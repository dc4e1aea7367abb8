package tid

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"time"
)

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
