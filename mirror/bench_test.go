package mirror

import (
	"database/sql"
	"encoding/json"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// BenchmarkWriting writes time reports as a first load does, and reports the rows a second
// and the most memory that was live after a batch.
func BenchmarkWriting(b *testing.B) {
	for _, d := range []Dialect{SQLite, Postgres} {
		b.Run(string(d), func(b *testing.B) {
			m := newMirror(b, d)
			srv := tidtest.NewServer(b, tidtest.InMemory(), tidtest.WithCompany(tidtest.Sample(1, 6)))
			held, err := m.lease(b.Context(), "acme", time.Now)
			require.NoError(b, err)
			defer func() { require.NoError(b, held.release(b.Context())) }()
			r := &run{m: m, opts: Options{Account: "acme", Now: time.Now}, lease: held, list: listNamed(b, "time_reports"), raw: make(map[weak.Pointer[byte]][]byte)}
			samples := srv.TimeReports.All()
			cursor := &tid.Cursor{Load: &tid.Load{Given: [][2]int64{{1, 2}}}}
			var live uint64
			var n int64
			b.ResetTimer()
			for b.Loop() {
				b.StopTimer()
				rows := make([]row, batchRows)
				for i := range rows {
					report := samples[int(n)%len(samples)]
					n++
					report.ID = n
					raw, err := json.Marshal(report)
					require.NoError(b, err)
					rows[i] = row{id: report.ID, item: &report, raw: raw}
				}
				b.StartTimer()
				require.NoError(b, r.write(b.Context(), rows, cursor))
				if n%20_000 < batchRows {
					b.StopTimer()
					var mem runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&mem)
					live = max(live, mem.HeapAlloc)
					b.StartTimer()
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(live)/(1<<20), "MiB-live")
		})
	}
}

func listNamed(t testing.TB, name string) *list {
	which, err := chosen(Options{Account: "acme", Only: []string{name}})
	require.NoError(t, err)
	return which[0]
}

// TestASumOfAMillionRowsIsRightToTheOre sums hours and money over a million rows that
// binary floats cannot hold.
func TestASumOfAMillionRowsIsRightToTheOre(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a million rows")
	}
	const n = 1_000_000
	eachDialect(t, func(t *testing.T, d Dialect) {
		m := newMirror(t, d)
		tbl := listNamed(t, "supplier_invoices").table
		hundredth := tid.MustDecimal("0.01")
		amount, want := tid.MustDecimal("98765.43"), tid.Decimal{}
		for begin := 0; begin < n; begin += 20_000 {
			rows := make([]row, 20_000)
			for i := range rows {
				amount = amount.Add(hundredth)
				want = want.Add(amount)
				rows[i] = row{id: int64(begin + i + 1), item: &tid.SupplierInvoice{TotalAmount: amount}, raw: []byte("{}")}
			}
			require.NoError(t, m.transaction(t.Context(), m.db, func(tx *sql.Tx) error {
				return m.put(t.Context(), tx, tbl, "acme", 0, rows, stamp(time.Now()))
			}))
		}
		query := "SELECT sum(total_amount)::text FROM supplier_invoices"
		if d == SQLite {
			query = "SELECT printf('%.2f', sum(total_amount_e6) / 1e6) FROM supplier_invoices"
		}
		var got string
		require.NoError(t, m.db.QueryRow(query).Scan(&got))
		require.Equal(t, want.StringFixed(2), got)
		if d == SQLite { // the sum that is written first is right to the öre, too
			require.NoError(t, m.db.QueryRow("SELECT printf('%.2f', sum(total_amount)) FROM supplier_invoices").Scan(&got))
			require.Equal(t, want.StringFixed(2), got)
		}
		var found int
		require.NoError(t, m.db.QueryRow("SELECT count(*) FROM supplier_invoices WHERE total_amount = 98765.44").Scan(&found))
		require.Equal(t, 1, found, "a decimal compares as it is written")
	})
}
