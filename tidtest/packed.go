package tidtest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// kind is the kind of a field's value.
type kind uint8

const (
	kindInt      kind = iota // a 64-bit integer, ids included
	kindBool                 // true or false
	kindDecimal              // an exact decimal: money, hours, quantities
	kindFloat                // a coordinate
	kindDate                 // a calendar day
	kindDateTime             // a wall-clock time, perhaps with an offset
	kindClock                // a time of day, "07:30"
	kindEnum                 // one of a few words
	kindRef                  // a reference to an object of another resource
	kindText                 // a string
	kindTexts                // an array of strings
	kindEnums                // an array of words
	kindRefs                 // an array of references
	kindObject               // a nested object
	kindObjects              // an array of nested objects
	kindJSON                 // whatever it is, for a property that a test has added
)

// numeric says whether values of the kind are held as integers.
func (k kind) numeric() bool { return k <= kindRef }

// none is the null of a value that is held as an integer. It sorts before everything else.
const none = math.MinInt64

// A decimal is held in one integer: the coefficient in the upper 56 bits, the number of decimals in the lower eight,
// without trailing zeros, so that equal values are held alike.

const maxCoefficient = 1<<55 - 1

var errTooManyDigits = errors.New("has more digits than the server keeps")

func packDecimal(coefficient int64, decimals int) (int64, error) {
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

// parseDecimal reads a JSON number.
func parseDecimal(raw []byte) (int64, error) {
	if c := raw[0]; c != '-' && (c < '0' || c > '9') {
		return 0, wrongKind("a number", raw)
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
			return packBig(d)
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
	return packDecimal(coefficient, decimals)
}

func packBig(d decimal.Decimal) (int64, error) {
	if d.Exponent() > 0 {
		if d.Exponent() > 20 {
			return 0, errTooManyDigits
		}
		d = decimal.NewFromBigInt(d.BigInt(), 0)
	}
	if !d.Coefficient().IsInt64() {
		return 0, errTooManyDigits
	}
	return packDecimal(d.CoefficientInt64(), int(-d.Exponent()))
}

func toDecimal(n int64) decimal.Decimal {
	if n == none {
		return decimal.Decimal{}
	}
	coefficient, decimals := unpackDecimal(n)
	return decimal.New(coefficient, -int32(decimals))
}

// appendDecimal writes a decimal with at least two decimals, as the API does.
func appendDecimal(dst []byte, n int64) []byte {
	coefficient, decimals := unpackDecimal(n)
	if coefficient < 0 {
		dst, coefficient = append(dst, '-'), -coefficient
	}
	for ; decimals < 2; decimals++ {
		if coefficient > math.MaxInt64/10 {
			return append(dst, toDecimal(n).Abs().StringFixed(2)...)
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

func compareDecimals(a, b int64) int {
	switch {
	case a == b:
		return 0
	case a == none:
		return -1
	case b == none:
		return 1
	}
	if a&0xff == b&0xff {
		return int(min(1, max(-1, a>>8-b>>8)))
	}
	return toDecimal(a).Cmp(toDecimal(b))
}

// Days and times are held as what the wall clock shows: milliseconds of the wall clock in the upper bits, and in the lower
// twelve the offset in minutes plus offsetBias, or zero when there is none. A day is midnight without an offset.

const (
	offsetBits = 12
	offsetBias = 1 << (offsetBits - 1)
)

func packWall(t time.Time) int64 {
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	return wall.UnixMilli() << offsetBits
}

func packTime(t time.Time) int64 {
	_, offset := t.Zone()
	return packWall(t) | int64(offset/60+offsetBias)
}

// wallOf returns the wall clock of a packed time as a time in UTC.
func wallOf(n int64) time.Time { return time.UnixMilli(n >> offsetBits).UTC() }

// offsetOf returns the offset in minutes, if there is one.
func offsetOf(n int64) (minutes int, ok bool) {
	code := n & (1<<offsetBits - 1)
	return int(code) - offsetBias, code != 0
}

// millis is a packed time as milliseconds of the wall clock.
func millis(n int64) int64 { return n >> offsetBits }

func dayOf(n int64) time.Time { return midnight(wallOf(n)) }

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

const (
	layoutDay      = "2006-01-02"
	layoutDateTime = "2006-01-02 15:04:05"
)

// parseWall reads every shape in which days and times are known to be written.
func parseWall(s string) (int64, error) {
	var layout string
	switch {
	case len(s) == len(layoutDay):
		layout = layoutDay
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
	return packWall(t), nil
}

// parseClock reads a time of day into minutes.
func parseClock(s string) (int64, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		if t, err = time.Parse(time.TimeOnly, s); err != nil {
			return 0, fmt.Errorf("%q is not a time of day: write 07:30", s)
		}
	}
	return int64(t.Hour()*60 + t.Minute()), nil
}

func formatClock(minutes int64) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// sortable makes a text compare as a Swedish reader expects: without regard to case, and with å, ä and ö after z.
func sortable(s string) string {
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
