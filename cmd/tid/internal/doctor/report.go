package doctor

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// A Kind is what a finding says.
type Kind string

// The kinds of findings.
const (
	PathMissing     Kind = "path-missing"     // the path answers 404, and so do the likely others
	PathFound       Kind = "path-found"       // the path answers 404, and another one is it
	UnknownProperty Kind = "unknown-property" // a property that the description lacks
	MissingProperty Kind = "missing-property" // a property of the description that never came
	TypeDiffers     Kind = "type-differs"     // a property with a value of another type
	FilterIgnored   Kind = "filter-ignored"   // a filter that chooses nothing
	SortIgnored     Kind = "sort-ignored"     // a sort key that does not sort
	Empty           Kind = "empty"            // a list without rows, of which nothing can be said
)

// A Result is what came of an operation.
type Result string

// The results of operations.
const (
	Works     Result = "works"
	NoRows    Result = "empty"     // the path is right; there was no row
	Forbidden Result = "forbidden" // 403: the application lacks the permission
	Missing   Result = "missing"
	Moved     Result = "moved"
	Failed    Result = "failed"
	NotTried  Result = "not tried"
)

// A Report is what the account's API and the description say of each other. It holds names, types and counts: no value of
// the account, no id and no token.
type Report struct {
	Findings   []Finding   `json:"findings"`
	Operations []Operation `json:"operations"`
	// Paths are the templates of operations that were found elsewhere, by operation: for tid.WithPath and profiles.
	Paths map[string]string `json:"paths,omitempty"`
	// Writes are what became of the properties that were sent.
	Writes []Write `json:"writes,omitempty"`
	// Unsettled are the filters and sort keys that were tried without a verdict, or not at all, by operation.
	Unsettled map[string][]string `json:"unsettled,omitempty"`
	// Requests counts the calls of this run; what the client retried is not counted again.
	Requests int `json:"requests"`
	// Untried counts the checks that the limit of requests did not allow.
	Untried int `json:"untried,omitempty"`
	// PageSizes say what came of the sizes 1, 50 and 100.
	PageSizes map[string]string `json:"pageSizes,omitempty"`
	// TokenMinutes is the lifetime of a token that was just exchanged.
	TokenMinutes int `json:"tokenMinutes,omitempty"`
	// Speed is what the Meter has measured.
	Speed *Speed `json:"speed,omitempty"`
}

// A Finding is one difference.
type Finding struct {
	Kind      Kind   `json:"kind"`
	Operation string `json:"operation"`
	// Name is the property by its path ("customer.number"), the filter, the sort key, or the template that was found.
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// An Operation is what came of one.
type Operation struct {
	Operation string `json:"operation"`
	Evidence  string `json:"evidence"` // for its path
	Result    Result `json:"result"`
	Why       string `json:"why,omitempty"`
	// Names are those of the description that the API has been seen to know: "answer items.name", "query filter.from",
	// "body title".
	Names []string `json:"names,omitempty"`
}

// A Write is one create or update, and which properties took.
type Write struct {
	Operation string   `json:"operation"`
	Result    Result   `json:"result"`
	Why       string   `json:"why,omitempty"`
	Took      []string `json:"took,omitempty"`
	Ignored   []string `json:"ignored,omitempty"`
	// Unseen are properties that no answer has: whether they took is not known.
	Unseen []string `json:"unseen,omitempty"`
}

// Speed is how quickly the API answered.
type Speed struct {
	Attempts int `json:"attempts"`
	Median   int `json:"medianMilliseconds"`
	P95      int `json:"p95Milliseconds"`
	// TooMany is how many of the attempts were answered with 429.
	TooMany int `json:"tooMany"`
}

func (r *Report) sort() {
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	for _, names := range r.Unsettled {
		slices.Sort(names)
	}
}

// WriteText writes the report for people: a line for each finding, a summary, and what to do.
func (r *Report) WriteText(w io.Writer) error {
	counts := map[Result]int{}
	for _, o := range r.Operations {
		counts[o.Result]++
	}
	var b strings.Builder
	r.writeFindings(&b)
	r.writeSummary(&b, counts)
	b.WriteByte('\n')
	r.writeAdvice(&b, counts)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeFindings writes a line for each finding, failure and write.
func (r *Report) writeFindings(b *strings.Builder) {
	for _, f := range r.Findings {
		fmt.Fprintf(b, "%-16s  %s", f.Kind, f.Operation)
		if f.Name != "" {
			fmt.Fprintf(b, "  %s", f.Name)
		}
		fmt.Fprintf(b, ": %s\n", f.Detail)
	}
	for _, o := range r.Operations {
		if o.Result == Failed || o.Result == Forbidden {
			fmt.Fprintf(b, "%-16s  %s: %s\n", o.Result, o.Operation, o.Why)
		}
	}
	for _, w := range r.Writes {
		fmt.Fprintf(b, "%-16s  %s", "write "+w.Result, w.Operation)
		for _, part := range []struct {
			word  string
			names []string
		}{{"took", w.Took}, {"ignored", w.Ignored}, {"not shown", w.Unseen}} {
			if len(part.names) > 0 {
				fmt.Fprintf(b, "; %s: %s", part.word, strings.Join(part.names, ", "))
			}
		}
		if w.Why != "" {
			fmt.Fprintf(b, "; %s", w.Why)
		}
		b.WriteByte('\n')
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
}

// writeSummary says how much was checked, and what it took.
func (r *Report) writeSummary(b *strings.Builder, counts map[Result]int) {
	fmt.Fprintf(b, "%d findings. Of %d operations", len(r.Findings), len(r.Operations))
	sep := ":"
	for _, result := range []Result{Works, NoRows, Moved, Missing, Forbidden, Failed, NotTried} {
		if counts[result] > 0 {
			fmt.Fprintf(b, "%s %d %s", sep, counts[result], result)
			sep = ","
		}
	}
	fmt.Fprintf(b, ". %d requests.\n", r.Requests)
	if s := r.Speed; s != nil && s.Attempts > 0 {
		fmt.Fprintf(b, "Answers took %d ms (median), %d ms (95th percentile); %d of %d were a 429.\n", s.Median, s.P95, s.TooMany, s.Attempts)
	}
	if len(r.PageSizes) > 0 {
		b.WriteString("Page sizes:")
		for i, size := range []string{"1", "50", "100"} {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, " %s %s", size, cmp.Or(r.PageSizes[size], "not tried"))
		}
		b.WriteString(".\n")
	}
	if r.TokenMinutes > 0 {
		fmt.Fprintf(b, "A new token lasts %d minutes.\n", r.TokenMinutes)
	}
	unsettled := 0
	for _, names := range r.Unsettled {
		unsettled += len(names)
	}
	if unsettled > 0 {
		fmt.Fprintf(b, "No verdict on %d filters and sort keys", unsettled)
		if r.Untried > 0 {
			fmt.Fprintf(b, ", %d of them for the limit of requests", r.Untried)
		}
		b.WriteString(".\n")
	}
	if n := counts[NotTried]; n > 0 {
		fmt.Fprintf(b, "Not tried: %s.\n", r.whyNotTried())
	}
}

// writeAdvice says what to do next.
func (r *Report) writeAdvice(b *strings.Builder, counts map[Result]int) {
	moved, empty := 0, 0
	for _, f := range r.Findings {
		switch f.Kind {
		case PathFound:
			moved++
		case Empty:
			empty++
		}
	}
	switch {
	case moved > 0:
		b.WriteString("Set the paths that were found in the profile, or pass the lines above to tid.NewClient.\n")
	case len(r.Findings) == empty && counts[Failed]+counts[Forbidden] == 0:
		b.WriteString("The API is as described, as far as this account shows.\n")
	}
	if len(r.Findings) > empty {
		b.WriteString("Please send the report (it holds no data of the account): the description is corrected by it.\n")
	}
	if counts[Forbidden] > 0 {
		b.WriteString("Forbidden operations need a permission of the API application (cog icon, Integrationer, API-applikationer).\n")
	}
	if empty > 0 {
		b.WriteString("Nothing can be said of empty lists: run it again on an account that has such objects.\n")
	}
}

// whyNotTried counts the reasons.
func (r *Report) whyNotTried() string {
	count := map[string]int{}
	for _, o := range r.Operations {
		if o.Result == NotTried {
			count[o.Why]++
		}
	}
	var reasons []string
	for _, why := range slices.Sorted(maps.Keys(count)) {
		reasons = append(reasons, fmt.Sprintf("%d (%s)", count[why], why))
	}
	return strings.Join(reasons, ", ")
}
