package tid_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

func TestDecimalReadsNumbersAndNumericStrings(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`7.5`, "7.5"},
		{`"7.5"`, "7.5"},
		{`7.50`, "7.5"},
		{`0`, "0"},
		{`-0`, "0"},
		{`""`, "0"},
		{`-1234.50`, "-1234.5"},
		{`"-1234.50"`, "-1234.5"},
		{`1e3`, "1000"},
		{`1.5E-2`, "0.015"},
		{`0.1`, "0.1"},
		{`1234567890123456789012345678901234567890.01`, "1234567890123456789012345678901234567890.01"},
		{`99999999999999.99`, "99999999999999.99"},
	} {
		t.Run(test.text, func(t *testing.T) {
			d := decoded[tid.Decimal](t, test.text)
			assert.Equal(t, test.want, d.String())
			assert.Equal(t, test.want, encoded(t, d), "written as a JSON number, with all its digits")
			assert.True(t, d.Equal(decoded[tid.Decimal](t, encoded(t, d))))
		})
	}
}

func TestDecimalReadsText(t *testing.T) {
	var d tid.Decimal
	require.NoError(t, d.UnmarshalText([]byte("7.50")))
	assert.Equal(t, "7.5", d.String())
	require.NoError(t, d.UnmarshalText(nil))
	assert.True(t, d.IsZero())
	assert.Error(t, d.UnmarshalText([]byte("7,50")))
}

func TestNullIsNoDecimal(t *testing.T) {
	type row struct {
		Hours tid.Decimal  `json:"hours"`
		Rate  *tid.Decimal `json:"rate"`
	}
	r := decoded[row](t, `{"hours":null,"rate":null}`)
	assert.True(t, r.Hours.IsZero())
	assert.Nil(t, r.Rate)
	kept := tid.MustDecimal("7.5")
	require.NoError(t, kept.UnmarshalJSON([]byte("null")))
	assert.Equal(t, "7.5", kept.String(), "as encoding/json has it, null changes nothing")
	assert.Equal(t, "0", encoded(t, tid.Decimal{}))
}

func TestWhatIsNoDecimalIsAClearError(t *testing.T) {
	for _, text := range []string{
		`"7,5"`, `"1 234.50"`, `"abc"`, `"NaN"`, `"Infinity"`, `"0x10"`, `"1_000"`, `true`, `{}`, `[]`, `"--1"`, `"1.2.3"`, `" "`, `"7.5 kr"`,
	} {
		d := tid.MustDecimal("1")
		err := json.Unmarshal([]byte(text), &d)
		assert.ErrorContains(t, err, "into Go value of type tid.Decimal", "%s", text)
		assert.Equal(t, "1", d.String(), "a failed read changes nothing")
	}
}

func TestAHostileNumberCostsNothing(t *testing.T) {
	for _, text := range []string{
		"1e1000000000", "1e-1000000000", "1e2147483647", "-1e101", "1e-101", "123e99", "1e99999999999999999999",
		strings.Repeat("9", 1<<20), "0." + strings.Repeat("0", 1<<20) + "1", strings.Repeat("9", 101), "0." + strings.Repeat("0", 100) + "1",
	} {
		begin := time.Now()
		var d tid.Decimal
		err := json.Unmarshal([]byte(text), &d)
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 300)
		assert.Less(t, time.Since(begin), 5*time.Second)
	}
}

func TestTheLargestDecimalsAreWrittenAsTheyAreRead(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("9", 100), "-" + strings.Repeat("9", 100) + "." + strings.Repeat("9", 100), "1e99", "1e-100", "0e99", "0e-100",
	} {
		d, err := tid.ParseDecimal(text)
		require.NoError(t, err, text)
		again, err := tid.ParseDecimal(encoded(t, d))
		require.NoError(t, err, text)
		assert.True(t, d.Equal(again))
	}
}

func TestDecimalSumsAreExact(t *testing.T) {
	var sum tid.Decimal
	for range 10 {
		sum = sum.Add(tid.MustDecimal("0.1"))
	}
	assert.Equal(t, "1", sum.String(), "ten times 0.1 is 1, which a float64 does not manage")
	assert.True(t, sum.Equal(tid.NewDecimal(1, 0)))

	a, b := tid.MustDecimal("7.5"), tid.NewDecimal(-25, -1)
	assert.Equal(t, "5", a.Add(b).String())
	assert.Equal(t, "10", a.Sub(b).String())
	assert.Equal(t, "-18.75", a.Mul(b).String())
	assert.Equal(t, "2.5", b.Neg().String())
	assert.Equal(t, "2.5", b.Abs().String())
	assert.Equal(t, 1, a.Cmp(b))
	assert.True(t, b.LessThan(a))
	assert.True(t, a.GreaterThan(b))
	assert.True(t, a.Equal(tid.MustDecimal("7.50")))
	assert.Equal(t, "2.68", tid.MustDecimal("2.675").Round(2).String())
	assert.Equal(t, "-2.68", tid.MustDecimal("-2.675").Round(2).String(), "half away from zero")
}

func TestZeroIsLeftOutUnlessItIsSet(t *testing.T) {
	type body struct {
		Hours       tid.Decimal          `json:"hours,omitzero"`
		Invoiceable tid.Opt[tid.Decimal] `json:"invoiceable,omitzero"`
	}
	assert.Equal(t, `{}`, encoded(t, body{}))
	assert.Equal(t, `{"invoiceable":0}`, encoded(t, body{Invoiceable: tid.Set(tid.Decimal{})}))
	assert.Equal(t, `{"invoiceable":null}`, encoded(t, body{Invoiceable: tid.Null[tid.Decimal]()}))
}

func TestMustDecimalPanicsOnWhatIsNoNumber(t *testing.T) {
	assert.PanicsWithValue(t, `tid: MustDecimal: "7,5" is not a decimal number such as 1234.50`, func() { tid.MustDecimal("7,5") })
}

func TestDivisionIsRoundedHalfAwayFromZero(t *testing.T) {
	for _, test := range []struct {
		a, b   string
		places int32
		want   string
	}{
		{"10", "4", 2, "2.5"},
		{"10", "3", 2, "3.33"},
		{"20", "3", 2, "6.67"},
		{"1", "3", 20, "0.33333333333333333333"}, // more than a float64 holds
		{"1", "8", 2, "0.13"},
		{"-1", "8", 2, "-0.13"},
		{"1", "-8", 2, "-0.13"},
		{"0.25", "1", 1, "0.3"},
		{"1250", "3", 0, "417"},
		{"1250", "1", -2, "1300"},
		{"0", "7", 2, "0"},
	} {
		got := tid.MustDecimal(test.a).Div(tid.MustDecimal(test.b), test.places)
		assert.True(t, got.Equal(tid.MustDecimal(test.want)), "%s / %s to %d decimals is %s, not %s", test.a, test.b, test.places, test.want, got)
	}
	assert.Panics(t, func() { tid.MustDecimal("1").Div(tid.Decimal{}, 2) })
}
