package moment

import "github.com/vismatid/tid"

// Day is a [tid.Date] that is written as the bodies of this API have it, "2026-10-19". A
// plain tid.Date is written with a time of day, for Visma Tid, and is refused in a body.
type Day struct{ tid.Date }

// DayOf returns d for a body.
func DayOf(d tid.Date) Day { return Day{d} }

// MarshalJSON writes the day alone, or null when none is set.
func (d Day) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + d.String() + `"`), nil
}
