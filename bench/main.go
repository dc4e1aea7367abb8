// Command bench walks 20,000 time reports, 200 pages, over networks of several
// latencies, with this SDK and with a naive client, against the strict fake
// server over HTTP on this machine, and prints what it has measured.
//
//	go run .                             # the table
//	go run . -o ../docs/performance.md   # into the document, and a plot beside it
//
// Each cell of the table is a process of its own, so that its peak heap is its
// own. All of them run at once, since they mostly wait.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

var latencies = []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond, time.Second, 2500 * time.Millisecond}

// jitter is on top of each way, so that a round trip has twice as much.
const jitter = 10 * time.Millisecond

const allowance = 4 // requests a second

func main() {
	out := flag.String("o", "", "the markdown `file` whose table is replaced, with a plot beside it; none prints the table")
	cell := flag.Bool("cell", false, "measure the one cell that standard input describes, for the program's own use")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := func() error { return table(ctx, *out) }
	if *cell {
		run = func() error { return measureCell(ctx) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// result is a cell with what was measured in it.
type result struct {
	cell
	measured
}

func table(ctx context.Context, out string) error {
	cells, err := measureAll(ctx)
	if err != nil {
		return err
	}
	text := markdown(cells)
	if out == "" {
		fmt.Print(text)
		return nil
	}
	document, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(document), tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table between %s and %s", out, tableBegin, tableEnd)
	}
	if err := plotRates(cells, strings.TrimSuffix(out, filepath.Ext(out))+".svg"); err != nil {
		return err
	}
	return os.WriteFile(out, []byte(before+tableBegin+"\n"+text+tableEnd+after), 0o644)
}

// The table stands between these in a document.
const (
	tableBegin = "<!-- table: begin -->"
	tableEnd   = "<!-- table: end -->"
)

// measureAll measures every cell at once, each in a process of its own.
func measureAll(ctx context.Context) ([]result, error) {
	company := tidtest.Sample(1, 160)
	company.TimeReports = company.TimeReports[:20_000]
	results := make([]result, len(latencies)*len(readers))
	failed := make([]error, len(results))
	var cells sync.WaitGroup
	for i := range results {
		latency, reader := latencies[i/len(readers)], readers[i%len(readers)]
		if i%len(readers) == 0 {
			fmt.Fprintf(os.Stderr, "starting at %s\n", latency)
		}
		srv := tidtest.Start(tidtest.WithCompany(company), tidtest.WithSeed(uint64(i+1)), tidtest.WithLog(0),
			tidtest.WithLatency(tidtest.Latency{RoundTrip: latency, Uniform: jitter}))
		defer srv.Close()
		results[i].cell = cell{URL: srv.URL, ID: srv.AppID, Secret: srv.AppSecret, Reader: reader.name, Pages: reader.pages, Latency: latency}
		cells.Go(func() {
			results[i].measured, failed[i] = elsewhere(ctx, results[i].cell)
			fmt.Fprintf(os.Stderr, "%s at %s: done\n", reader.name, latency)
		})
	}
	cells.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// elsewhere measures a cell in another process of this program.
func elsewhere(ctx context.Context, c cell) (m measured, err error) {
	program, err := os.Executable()
	if err != nil {
		return m, err
	}
	input, err := json.Marshal(c)
	if err != nil {
		return m, err
	}
	cmd := exec.CommandContext(ctx, program, "-cell")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	output, err := cmd.Output()
	if err != nil {
		return m, fmt.Errorf("%s at %s: %w", c.Reader, c.Latency, err)
	}
	return m, json.Unmarshal(output, &m)
}

func markdown(results []result) string {
	var b strings.Builder
	b.WriteString("| round trip | reader | pages | pages a second | of the allowance | 429s | first item after | peak heap |\n")
	b.WriteString("|---:|---|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %d ms | %s | %d | %.2f | %.0f %% | %d (%.1f %%) | %d ms | %.1f MiB |\n",
			r.Latency.Milliseconds(), r.Reader, r.Pages, r.rate(), 100*r.rate()/allowance, r.Refused, 100*float64(r.Refused)/float64(r.Requests),
			r.FirstItem.Milliseconds(), float64(r.PeakHeap)/(1<<20))
	}
	fmt.Fprintf(&b, "\nGo SDK %s, %d ms of jitter on a round trip, allowance %d requests a second.\n", tid.Version, 2*jitter.Milliseconds(), allowance)
	return b.String()
}
