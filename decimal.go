package tid

import (
	"bytes"
	"fmt"
	"net/url"

	"github.com/shopspring/decimal"
)

// Decimal is an exact decimal number: money, a price, hours, a quantity. It is read from
// JSON numbers and numeric strings and written as a JSON number, never through a binary
// float. The zero value is 0. No property is known that holds the currency of money.
//
// All methods of [decimal.Decimal] are available; those that are declared here take and
// return a Decimal, so that sums stay in the type. Databases are given its text, and may
// return text or a number. NULL is no Decimal: scan it into a [database/sql.Null].
type Decimal struct {
	decimal.Decimal
}

// Bounds of a number, in digits on either side of the point and in characters: far beyond
// any amount, and small enough that a hostile exponent cannot fill the memory. Every
// number that is read can be written and read again.
const (
	maxDecimalDigits = 100
	maxDecimalText   = 2*maxDecimalDigits + len("-.")
)

// NewDecimal returns value × 10^exp: NewDecimal(750, -2) is 7.5.
func NewDecimal(value int64, exp int32) Decimal {
	return Decimal{decimal.New(value, exp)}
}

// ParseDecimal reads a number such as "7.5" or "-1234.50".
func ParseDecimal(s string) (Decimal, error) {
	if len(s) <= maxDecimalText {
		d, err := decimal.NewFromString(s)
		if err == nil && d.Exponent() >= -maxDecimalDigits && d.Exponent() <= maxDecimalDigits &&
			d.NumDigits()+int(d.Exponent()) <= maxDecimalDigits {
			return Decimal{d}, nil
		}
	}
	return Decimal{}, fmt.Errorf("%s is not a decimal number such as 1234.50", quote(s))
}

// MustDecimal is [ParseDecimal] for constants: it panics on a text that is no number.
func MustDecimal(s string) Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		panic("tid: MustDecimal: " + err.Error())
	}
	return d
}

// Add returns d + other.
func (d Decimal) Add(other Decimal) Decimal { return Decimal{d.Decimal.Add(other.Decimal)} }

// Sub returns d - other.
func (d Decimal) Sub(other Decimal) Decimal { return Decimal{d.Decimal.Sub(other.Decimal)} }

// Mul returns d × other, exactly.
func (d Decimal) Mul(other Decimal) Decimal { return Decimal{d.Decimal.Mul(other.Decimal)} }

// Div returns d / other, rounded half away from zero to the given number of
// decimals: 2 for whole öre, 0 for whole kronor. Like the division of integers it
// panics when other is 0.
func (d Decimal) Div(other Decimal, places int32) Decimal {
	return Decimal{d.Decimal.DivRound(other.Decimal, places)}
}

// Neg returns -d.
func (d Decimal) Neg() Decimal { return Decimal{d.Decimal.Neg()} }

// Abs returns the absolute value of d.
func (d Decimal) Abs() Decimal { return Decimal{d.Decimal.Abs()} }

// Round returns d rounded half away from zero to the given number of decimals.
func (d Decimal) Round(places int32) Decimal { return Decimal{d.Decimal.Round(places)} }

// Cmp returns -1, 0 or +1 as d is less than, equal to, or greater than other.
func (d Decimal) Cmp(other Decimal) int { return d.Decimal.Cmp(other.Decimal) }

// Equal reports whether d and other are the same number; 7.5 equals 7.50.
func (d Decimal) Equal(other Decimal) bool { return d.Decimal.Equal(other.Decimal) }

// LessThan reports whether d < other.
func (d Decimal) LessThan(other Decimal) bool { return d.Decimal.LessThan(other.Decimal) }

// GreaterThan reports whether d > other.
func (d Decimal) GreaterThan(other Decimal) bool { return d.Decimal.GreaterThan(other.Decimal) }

// MarshalJSON writes a JSON number with all of its digits.
func (d Decimal) MarshalJSON() ([]byte, error) {
	return []byte(d.String()), nil
}

// EncodeValues writes a filter with all of its digits.
func (d Decimal) EncodeValues(key string, v *url.Values) error {
	v.Set(key, d.String())
	return nil
}

// UnmarshalJSON reads a number, a numeric string, or null (which leaves d as it is).
func (d *Decimal) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	if len(data) >= 2 && data[0] == '"' {
		data = data[1 : len(data)-1]
	}
	return d.UnmarshalText(data)
}

// UnmarshalText reads what [ParseDecimal] reads; an empty text is 0.
func (d *Decimal) UnmarshalText(text []byte) error {
	if value, exp, ok := scanDecimal(text); ok {
		*d = NewDecimal(value, exp)
		return nil
	}
	parsed, err := ParseDecimal(string(text))
	return decoded(d, text, parsed, err)
}

// scanDecimal reads a plain number of few digits, the usual case, without allocating.
func scanDecimal(text []byte) (value int64, exp int32, ok bool) {
	digits, negative := bytes.CutPrefix(text, []byte("-"))
	if len(digits) > 18 { // which an int64 holds
		return 0, 0, false
	}
	point := -1
	for i, c := range digits {
		switch {
		case '0' <= c && c <= '9':
			value = value*10 + int64(c-'0')
		case c == '.' && point < 0 && i > 0 && i < len(digits)-1:
			point = i
		default:
			return 0, 0, false
		}
	}
	if point >= 0 {
		exp = int32(point + 1 - len(digits))
	}
	if negative {
		value = -value
	}
	return value, exp, len(digits) > 0
}
