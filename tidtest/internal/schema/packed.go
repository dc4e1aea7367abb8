package schema

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Kind is the kind of a field's value.
type Kind uint8

const (
	Int      Kind = iota // a 64-bit integer, ids included
	Bool                 // true or false
	Decimal              // an exact decimal: money, hours, quantities
	Float                // a coordinate
	Date                 // a calendar day
	DateTime             // a wall-clock time, perhaps with an offset
	Clock                // a time of day, "07:30"
	Enum                 // one of a few words
	Ref                  // a reference to an object of another resource
	Text                 // a string
	Texts                // an array of strings
	Enums                // an array of words
	Refs                 // an array of references
	Object               // a nested object
	Objects              // an array of nested objects
	JSON                 // whatever it is, for a property that a test has added
)

// Numeric says whether values of the kind are held as integers.
func (k Kind) Numeric() bool { return k <= Ref }

// none is the null of a value that is held as an integer. It sorts before everything else.
const None = math.MinInt64

// A decimal is held in one integer: the coefficient in the upper 56 bits, the number of decimals in the lower eight,
// without trailing zeros, so that equal values are held alike.

const maxCoefficient = 1<<55 - 1

var errTooManyDigits = errors.New("has more digits than the server keeps")

// PackDecimal packs a coefficient that has so many decimals.
func PackDecimal(coefficient int64, decimals int) (int64, error) {
	if coefficient == 0 {
		return 0, nil
	}
	for decimals > 0 && coefficient%10 == 0 {
		coefficient, decimals = coefficient/10, decimals-1
	}
	if coefficient > maxCoefficient || coefficient < -maxCoefficient || decimals > math.MaxUint8 {
		return 0, errTooManyDigits
	}
	return coefficient<<8 | int64(decimals), nil
}

func unpackDecimal(n int64) (coefficient int64, decimals int) { return n >> 8, int(n & 0xff) }

// ParseDecimal reads a JSON number.
func ParseDecimal(raw []byte) (int64, error) {
	if c := raw[0]; c != '-' && (c < '0' || c > '9') {
		return 0, WrongKind("a number", raw)
	}
	digits, decimals, point := make([]byte, 0, 24), 0, false
	for _, c := range raw {
		switch {
		case c == '.':
			point = true
		case c == 'e' || c == 'E':
			d, err := decimal.NewFromString(string(raw))
			if err != nil { // the exponent is beyond all reason
				return 0, errTooManyDigits
			}
			return PackBig(d)
		default:
			digits = append(digits, c)
			if point {
				decimals++
			}
		}
	}
	coefficient, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0, errTooManyDigits
	}
	return PackDecimal(coefficient, decimals)
}

// PackBig packs a decimal of any size.
func PackBig(d decimal.Decimal) (int64, error) {
	if d.Exponent() > 0 {
		if d.Exponent() > 20 {
			return 0, errTooManyDigits
		}
		d = decimal.NewFromBigInt(d.BigInt(), 0)
	}
	if !d.Coefficient().IsInt64() {
		return 0, errTooManyDigits
	}
	return PackDecimal(d.CoefficientInt64(), int(-d.Exponent()))
}

// ToDecimal unpacks a decimal; null is zero.
func ToDecimal(n int64) decimal.Decimal {
	if n == None {
		return decimal.Decimal{}
	}
	coefficient, decimals := unpackDecimal(n)
	return decimal.New(coefficient, -int32(decimals))
}

// AppendDecimal writes a decimal with at least two decimals, as the API does.
func AppendDecimal(dst []byte, n int64) []byte {
	coefficient, decimals := unpackDecimal(n)
	if coefficient < 0 {
		dst, coefficient = append(dst, '-'), -coefficient
	}
	for ; decimals < 2; decimals++ {
		if coefficient > math.MaxInt64/10 {
			return append(dst, ToDecimal(n).Abs().StringFixed(2)...)
		}
		coefficient *= 10
	}
	digits := strconv.FormatInt(coefficient, 10)
	if len(digits) <= decimals {
		digits = strings.Repeat("0", decimals+1-len(digits)) + digits
	}
	dst = append(dst, digits[:len(digits)-decimals]...)
	dst = append(dst, '.')
	return append(dst, digits[len(digits)-decimals:]...)
}

// CompareDecimals compares two packed decimals.
func CompareDecimals(a, b int64) int {
	switch {
	case a == b:
		return 0
	case a == None:
		return -1
	case b == None:
		return 1
	}
	if a&0xff == b&0xff {
		return int(min(1, max(-1, a>>8-b>>8)))
	}
	return ToDecimal(a).Cmp(ToDecimal(b))
}

// Days and times are held as what the wall clock shows: milliseconds of the wall clock in the upper bits, and in the lower
// twelve the offset in minutes plus offsetBias, or zero when there is none. A day is midnight without an offset.

const (
	offsetBits = 12
	offsetBias = 1 << (offsetBits - 1)
)

// PackWall packs what the wall clock shows at a time, without its offset.
func PackWall(t time.Time) int64 {
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	return wall.UnixMilli() << offsetBits
}

func packTime(t time.Time) int64 {
	_, offset := t.Zone()
	return PackWall(t) | int64(offset/60+offsetBias)
}

// WallOf returns the wall clock of a packed time as a time in UTC.
func WallOf(n int64) time.Time { return time.UnixMilli(n >> offsetBits).UTC() }

// OffsetOf returns the offset in minutes, if there is one.
func OffsetOf(n int64) (minutes int, ok bool) {
	code := n & (1<<offsetBits - 1)
	return int(code) - offsetBias, code != 0
}

// Millis is a packed time as milliseconds of the wall clock.
func Millis(n int64) int64 { return n >> offsetBits }

// FromMillis packs milliseconds of the wall clock.
func FromMillis(millis int64) int64 { return millis << offsetBits }

// DayMillis is a day in milliseconds.
const DayMillis = 24 * 60 * 60 * 1000

// DayOf returns the day of a packed time.
func DayOf(n int64) time.Time { return midnight(WallOf(n)) }

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// LayoutDay is how a day is written.
const LayoutDay = "2006-01-02"

const layoutDateTime = "2006-01-02 15:04:05"

// ParseWall reads every shape in which days and times are known to be written.
func ParseWall(s string) (int64, error) {
	var layout string
	switch {
	case len(s) == len(LayoutDay):
		layout = LayoutDay
	case len(s) < len(layoutDateTime):
	case s[10] == 'T':
		layout = "2006-01-02T15:04:05"
	default:
		layout = layoutDateTime
	}
	offset := ""
	if len(s) > len(layoutDateTime) && strings.ContainsAny(s[len(layoutDateTime):], "Z+-") {
		if offset = "Z07:00"; strings.Contains(s[len(layoutDateTime):], " ") {
			offset = " Z07:00"
		}
	}
	t, err := time.Parse(layout+offset, s)
	switch {
	case err != nil || layout == "":
		return 0, fmt.Errorf("%q is not a date or a time", s)
	case offset != "":
		return packTime(t), nil
	}
	return PackWall(t), nil
}

// ParseClock reads a time of day into minutes.
func ParseClock(s string) (int64, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		if t, err = time.Parse(time.TimeOnly, s); err != nil {
			return 0, fmt.Errorf("%q is not a time of day: write 07:30", s)
		}
	}
	return int64(t.Hour()*60 + t.Minute()), nil
}

// FormatClock writes minutes as a time of day.
func FormatClock(minutes int64) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// Sortable makes a text compare as a Swedish reader expects: without regard to case, and with å, ä and ö after z.
func Sortable(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 'å', 'Å':
			return '{'
		case 'ä', 'Ä':
			return '|'
		case 'ö', 'Ö':
			return '}'
		}
		return r
	}, strings.ToLower(s))
}

// AppendPlainTime writes a day or a time as the API does most of the time.
func AppendPlainTime(dst []byte, n int64, day bool) []byte {
	t := WallOf(n)
	if day {
		return t.AppendFormat(dst, LayoutDay)
	}
	minutes, zoned := OffsetOf(n)
	if !zoned {
		dst = t.AppendFormat(dst, layoutDateTime)
		return AppendFraction(dst, t)
	}
	dst = t.AppendFormat(dst, "2006-01-02T15:04:05")
	dst = AppendFraction(dst, t)
	return appendOffset(dst, minutes)
}

// AppendFraction adds the milliseconds of a time, if it has any.
func AppendFraction(dst []byte, t time.Time) []byte {
	if t.Nanosecond() == 0 {
		return dst
	}
	return t.AppendFormat(dst, ".000")
}

func appendOffset(dst []byte, minutes int) []byte {
	sign := byte('+')
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return append(append(dst, sign), FormatClock(int64(minutes))...)
}

// Pascal is a word of an enum as some answers have it: with a capital.
func Pascal(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
