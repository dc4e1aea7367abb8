package schema

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDecimalsAreExact(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0.00", "-0": "0.00", "7": "7.00", "7.5": "7.50", "7.50": "7.50", "-0.05": "-0.05", "12.3456": "12.3456", "0.000001": "0.000001",
		"1e3": "1000.00", "1.5E-3": "0.0015", "36028797018963967": "36028797018963967.00", "360287970189639.67": "360287970189639.67", "-99999999999.99": "-99999999999.99",
	} {
		n, err := ParseDecimal([]byte(text))
		if assert.NoError(t, err, text) {
			assert.Equal(t, want, string(AppendDecimal(nil, n)))
		}
	}
	for _, text := range []string{`"1"`, "true", "36028797018963968", "0.3602879701896396800001", "1e30", "1e-999", "0e-99999", "1e999999999"} {
		_, err := ParseDecimal([]byte(text))
		assert.Error(t, err, text)
	}
	order := []string{"-10.5", "-10", "-0.001", "0", "0.05", "0.5", "5", "9.99", "10"}
	for i := range order {
		for j := range order {
			a, _ := ParseDecimal([]byte(order[i]))
			b, _ := ParseDecimal([]byte(order[j]))
			got := CompareDecimals(a, b)
			assert.Equal(t, i < j, got < 0, "%s %s", order[i], order[j])
			assert.Equal(t, i == j, got == 0)
		}
	}
}

func TestEveryShapeOfATimeIsRead(t *testing.T) {
	for text, want := range map[string]string{
		"2024-03-01": "2024-03-01 00:00:00", "2024-03-01T00:00:00": "2024-03-01 00:00:00", "2024-03-01 14:05:06": "2024-03-01 14:05:06",
		"2024-03-01T14:05:06.123": "2024-03-01 14:05:06.123", "2024-03-01T14:05:06+02:00": "2024-03-01T14:05:06+02:00",
		"2024-03-01 14:05:06 -03:30": "2024-03-01T14:05:06-03:30", "2024-03-01T14:05:06Z": "2024-03-01T14:05:06+00:00", "2024-03-01 14:05:06.5+01:00": "2024-03-01T14:05:06.500+01:00",
		"0001-01-01": "0001-01-01 00:00:00", "9999-12-31 23:59:59": "9999-12-31 23:59:59",
	} {
		n, err := ParseWall(text)
		if assert.NoError(t, err, text) {
			assert.Equal(t, want, string(AppendPlainTime(nil, n, false)))
		}
	}
	for _, text := range []string{"", "2024", "2024-02-30", "2024-03-01 25:00:00", "2024-03-01X00:00:00", "2024-03-01 14:05:06 CET", "24-03-01 14:05:06"} {
		_, err := ParseWall(text)
		assert.Error(t, err, text)
	}
}
