package browser

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid/cmd/tid/internal/sandbox"
)

var screenshot = flag.String("screenshot", "", "the `file` to write a picture of the page to")

// step is something that is done in a browser.
type step = chromedp.Action[chromedp.Void]

// tab is a page in a browser, of a sandbox of its own.
type tab struct {
	t    *testing.T
	ctx  context.Context
	info sandbox.Info

	mu       sync.Mutex
	problems []string // errors of the console, violations of the policy, dialogs
}

// chromium finds a browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("REQUIRE_BROWSER") == "1" {
		t.Fatal("there is no chromium in the PATH, and REQUIRE_BROWSER=1 asks for one")
	}
	t.Skip("there is no chromium in the PATH (REQUIRE_BROWSER=1 makes this a failure)")
	return ""
}

// One browser serves all tests: each has a tab of its own, which shares nothing with the others.
var running struct {
	context.Context
	stop []context.CancelFunc
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, stop := range slices.Backward(running.stop) {
		stop()
	}
	os.Exit(code)
}

// start starts the browser, unless a test before has.
func start(t *testing.T, path string) context.Context {
	t.Helper()
	if running.Context == nil {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WindowSize(1360, 900))
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox) // chromium has no sandbox for root
		}
		allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
		browser, end := chromedp.NewContext(allocator)
		running.Context, running.stop = browser, []context.CancelFunc{stop, end}
		require.NoError(t, chromedp.Do(browser))
	}
	return running.Context
}

// open runs a sandbox and opens its page.
func open(t *testing.T, opts sandbox.Options, actions ...step) *tab {
	t.Helper()
	path := chromium(t)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan sandbox.Info, 1), make(chan error, 1)
	opts.Addr = "127.0.0.1:0"
	go func() { ended <- sandbox.Run(ctx, opts, func(i sandbox.Info) { ready <- i }) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-ended) })
	b := &tab{t: t}
	select {
	case b.info = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}

	tab, closeTab := chromedp.NewContext(start(t, path), chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	b.ctx = tab
	require.NoError(t, chromedp.Listen(tab, b.hear))
	_, err := chromedp.Call(tab, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	b.do(actions...)
	b.do(chromedp.Navigate(b.info.PageURL))
	b.until(`document.querySelectorAll('#objects tbody tr').length > 0 && document.getElementById('connection').textContent === 'Live'`)
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		assert.Empty(t, b.problems, "no error, no violation of the policy and no dialog")
	})
	return b
}

// hear notes what a page should not do.
func (b *tab) hear(event any) {
	var problem string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning || e.Entry.Source == log.EntrySourceSecurity {
			problem = "log: " + e.Entry.Text + " " + e.Entry.URL
		}
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		problem = fmt.Sprintf("console.%s", e.Type)
	case *page.EventJavascriptDialogOpening:
		problem = "dialog: " + e.Message
		go func() {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
	if problem != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.problems = append(b.problems, problem)
	}
}

func (b *tab) do(actions ...step) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

// until waits for a condition. It is looked at through the protocol, since the policy of the page forbids eval.
func (b *tab) until(condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](
		"new Promise(done => { const look = () => ("+condition+") ? done(true) : setTimeout(look, 20); look() })", chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, "waiting for %s", condition)
}

func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(b.t, err, expression)
	return v
}

func (b *tab) text(expression string) string {
	b.t.Helper()
	return evaluate[string](b, "String("+expression+")")
}

func click(selector string) step { return chromedp.Click(chromedp.CSS(selector)) }

func keys(selector, text string) step { return chromedp.SendKeys(chromedp.CSS(selector), text) }

// api asks the API and returns the status.
func (b *tab) api(method, path, body string) int {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.ctx, method, b.info.BaseURL+path, strings.NewReader(body))
	require.NoError(b.t, err)
	req.Header.Set("Authorization", "Bearer "+b.info.StaticToken)
	res, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	res.Body.Close()
	return res.StatusCode
}

const (
	contacts = "/v1/Core/Contacts"
	script   = `<script>alert('run')</script><img src=x onerror=alert('run')>`
	small    = 3
)

func options() sandbox.Options { return sandbox.Options{Users: small, Months: 1, RateLimit: -1} }

func TestRequestsAppearAsTheyCome(t *testing.T) {
	b := open(t, options())
	require.Equal(t, 200, b.api("GET", contacts+"?pageSize=2", ""))
	b.until(`document.querySelector('#requests li')`)
	assert.Equal(t, contacts+"?pageSize=2", b.text(`document.querySelector('#requests .where').textContent`))
	b.do(click(`#requests summary`))
	b.until(`document.querySelector('#requests pre')`)
	assert.Contains(t, b.text(`document.querySelector('#requests pre').textContent`), `"totalItemCount"`)
	b.until(`document.getElementById('summary').textContent.includes('1 request.')`)

	b.do(click(`#pause`))
	b.api("GET", contacts, "")
	b.until(`document.getElementById('connection').textContent === 'Paused, 1 waiting'`)
	assert.Equal(t, "1", b.text(`document.querySelectorAll('#requests li').length`))
	b.do(click(`#pause`))
	b.until(`document.querySelectorAll('#requests li').length === 2`)
}

func TestAFaultButtonMakesTheNextRequestGoWrong(t *testing.T) {
	b := open(t, options())
	b.do(click(`button[value="503"]`))
	b.until(`document.getElementById('said').textContent.includes('503 Service Unavailable')`)
	b.until(`document.getElementById('faults').textContent.includes('1 to go')`)
	assert.Equal(t, []int{503, 200}, []int{b.api("GET", contacts, ""), b.api("GET", contacts, "")})
	b.until(`document.getElementById('faults').textContent === 'Nothing'`)
	b.until(`document.querySelectorAll('#requests .status.bad').length === 1`)
}

func TestADriftButtonIsPressedAndReleased(t *testing.T) {
	b := open(t, options())
	for _, on := range []string{"true", "false"} {
		b.do(click(`button[data-drift="moved"]`))
		b.until(`document.querySelector('button[data-drift="moved"]').getAttribute('aria-pressed') === '` + on + `'`)
		want := map[string]int{"true": 404, "false": 200}[on]
		assert.Equal(t, want, b.api("GET", "/v1/Core/Logs", ""))
	}
}

func TestSearchFindsAContactAndResetForgetsIt(t *testing.T) {
	b := open(t, options())
	b.api("POST", contacts, `{"contactType":"company","name":"Zebra Åkeri AB"}`)
	b.until(`document.getElementById('resource').selectedOptions[0].textContent === 'Contacts (' + document.getElementById('found').textContent.split(' ')[0] + ')'`)
	b.do(keys(`#q`, "zebra"))
	b.until(`document.getElementById('found').textContent === '1 object'`)
	assert.Contains(t, b.text(`document.querySelector('#objects tbody').textContent`), "Zebra Åkeri AB")
	b.do(click(`#objects tbody button`))
	b.until(`document.getElementById('object').open`)
	assert.Contains(t, b.text(`document.getElementById('object-json').textContent`), `  "name": "Zebra Åkeri AB"`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until(`!document.getElementById('object').open`)

	b.do(click(`button.danger`))
	b.until(`document.getElementById('found').textContent === '0 objects' && !document.querySelector('#requests li')`)
}

func TestAScriptInANameDoesNotRun(t *testing.T) {
	b := open(t, options())
	b.api("POST", contacts, `{"contactType":"company","name":"`+script+`"}`)
	b.api("GET", "/v1/%3Cimg%20src=x%20onerror=alert(1)%3E?q=%3Cscript%3Ealert(1)%3C/script%3E", "")
	b.until(`document.querySelectorAll('#requests li').length === 2`)
	evaluate[any](b, `for (const d of document.querySelectorAll('#requests details')) d.open = true`)
	b.until(`document.querySelectorAll('#requests .inner').length === 2`)
	b.do(keys(`#q`, "alert"))
	b.until(`document.getElementById('found').textContent === '1 object'`)
	assert.Contains(t, b.text(`document.querySelector('#objects tbody').textContent`), script, "it is there as text")
	b.do(click(`#objects tbody button`))
	b.until(`document.getElementById('object').open`)
	assert.Equal(t, "1 1", b.text(`document.querySelectorAll('script').length + ' ' + document.querySelectorAll('img').length`), "those of the page itself")
}

func TestThePolicyForbidsWhatTheTestsLookFor(t *testing.T) {
	b := open(t, options())
	evaluate[any](b, `document.body.append(Object.assign(document.createElement('script'), {textContent: "document.title = 'run'"}))`)
	assert.Equal(t, "Sandbox", b.text(`document.title`))
	b.mu.Lock()
	defer b.mu.Unlock()
	require.NotEmpty(t, b.problems, "a violation is seen")
	b.problems = nil
}

func TestTheKeyboardReachesAndPressesTheButtons(t *testing.T) {
	b := open(t, options())
	reached := map[string]bool{}
	const focused = `(e => e.value || e.id || e.textContent.trim())(document.activeElement)`
	for range 80 {
		b.do(chromedp.KeyEvent(kb.Tab))
		name := b.text(focused)
		if reached[name] = true; name == "503" && len(reached) > 0 && !reached["pressed"] {
			reached["pressed"] = true
			assert.NotEqual(t, "none", b.text(`getComputedStyle(document.activeElement).outlineStyle`), "the focus is visible")
			b.do(chromedp.KeyEvent(kb.Enter))
			b.until(`document.getElementById('said').textContent.includes('503')`)
		}
	}
	for _, name := range []string{"Skip to the content", "Reference", "pause", "503", "429", "slow", "cut", "tokens", "Clear all faults", "true", "Reset the account", "q", "Search"} {
		assert.Contains(t, reached, name)
	}
	assert.Equal(t, 503, b.api("GET", contacts, ""))
}

func TestEverythingHasANameAndAPlace(t *testing.T) {
	b := open(t, options())
	for _, path := range []string{"", "sandbox/reference"} {
		b.do(chromedp.Navigate(b.info.PageURL + path))
		b.until(`document.body.classList.contains('scripted')`)
		assert.Equal(t, "0", b.text(`[...document.querySelectorAll('button')].filter(b => !b.textContent.trim()).length`), "buttons without a text")
		assert.Equal(t, "0", b.text(`[...document.querySelectorAll('input:not([type=hidden]), select')].filter(i => !i.labels.length).length`), "fields without a label")
		assert.Equal(t, "0", b.text(`[...document.querySelectorAll('section')].filter(s => !document.getElementById(s.getAttribute('aria-labelledby'))).length`), "sections without a name")
		assert.Equal(t, "0", b.text(`[...document.querySelectorAll('[aria-describedby]')].filter(e => !document.getElementById(e.getAttribute('aria-describedby'))).length`))
		assert.Equal(t, "1 1 1", b.text(`['main', 'header', 'h1'].map(n => document.querySelectorAll(n).length).join(' ')`))
		assert.Equal(t, "0", b.text(`document.querySelectorAll('[id]').length - new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size`), "ids given twice")
		assert.NotEqual(t, "0", b.text(`document.querySelectorAll('[aria-live=polite]').length`))
		assert.Equal(t, "en", b.text(`document.documentElement.lang`))
	}
}

func TestTheReferenceShowsOneLanguageAndFinds(t *testing.T) {
	b := open(t, options())
	b.do(chromedp.Navigate(b.info.PageURL + "sandbox/reference#" + "GET%20%2Fv1%2FCore%2FContacts"))
	b.until(`document.getElementById('Contacts.List').open`)
	visible := `[...document.querySelectorAll('[id="Contacts.List"] .example')].filter(e => e.offsetParent).map(e => e.className).join()`
	assert.Equal(t, "example curl", b.text(visible))
	b.do(click(`input[value="python"]`))
	assert.Equal(t, "example python", b.text(visible))
	b.do(keys(`#find`, "checklist put"))
	b.until(`document.getElementById('said').textContent === '1 operation'`)
	assert.Equal(t, "Tasks.Checklists.Update", b.text(`[...document.querySelectorAll('.operation')].filter(o => !o.hidden).map(o => o.id).join()`))
}

// contrast is a function that gives the smallest contrast between a text and what is behind it, as WCAG counts it.
const contrast = `(() => {
  const parse = c => (c.match(/[\d.]+/g) || []).map(Number)
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0)
  let worst = 21
  for (const e of document.querySelectorAll('body *')) {
    if (!e.offsetParent || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue
    let back = e
    while (back && (parse(getComputedStyle(back).backgroundColor)[3] === 0)) back = back.parentElement
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(parse(getComputedStyle(back || document.body).backgroundColor))]
    worst = Math.min(worst, (Math.max(a, b) + .05) / (Math.min(a, b) + .05))
  }
  return worst
})()`

func scheme(name string) step {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	})
}

func TestTextCanBeReadInLightAndInDark(t *testing.T) {
	for _, name := range []string{"light", "dark"} {
		b := open(t, options(), scheme(name))
		b.busy()
		worst := evaluate[float64](b, contrast)
		assert.GreaterOrEqual(t, worst, 4.5, name)
	}
}

// busy makes requests of all kinds appear.
func (b *tab) busy() {
	b.t.Helper()
	b.api("GET", "/v1/Admin/Users?pageSize=5", "")
	b.api("GET", contacts+"?filter.query=bygg&sortBy=name&pageSize=2", "")
	b.api("POST", contacts, `{"contactType":"company","name":"Nya Exempelbolaget AB","relations":["customer"]}`)
	b.api("GET", "/v1/Core/Logs/7", "")
	b.do(click(`button[value="503"]`))
	b.until(`document.getElementById('faults').textContent.includes('503')`)
	b.api("GET", "/v1/Core/Projects?pageSize=1", "")
	b.api("PUT", "/v1/Core/TimeReports/1", `{"hours":"eight"}`)
	b.api("GET", "/v1/Core/TimeReports?filter.from=2026-11-02&filter.to=2026-11-06&pageSize=1", "")
	b.do(click(`button[value="429"]`), click(`button[data-drift="renamed"]`))
	b.until(`document.querySelectorAll('#requests li').length === 7 && document.querySelector('[data-drift=renamed]').getAttribute('aria-pressed') === 'true'`)
	b.until(`document.getElementById('said').textContent.includes('Renamed property')`)
	b.do(click(`#requests li:nth-child(5) summary`))
	b.until(`document.querySelector('#requests .inner')`)
}

// TestScreenshot draws the page, its left half in light and its right half in dark.
func TestScreenshot(t *testing.T) {
	if *screenshot == "" {
		t.Skip("-screenshot names the file to write")
	}
	var halves []image.Image
	for _, name := range []string{"light", "dark"} {
		opts := options()
		opts.Users, opts.Months = 12, 2
		b := open(t, opts, scheme(name), chromedp.EmulateViewport(1360, 1200))
		b.busy()
		evaluate[any](b, `document.activeElement.blur()`)
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		require.NoError(t, err)
		half, err := png.Decode(bytes.NewReader(picture))
		require.NoError(t, err)
		if dir := os.Getenv("SCREENSHOT_PARTS"); dir != "" {
			require.NoError(t, os.WriteFile(dir+"/"+name+".png", picture, 0o600))
			b.do(chromedp.Navigate(b.info.PageURL + "sandbox/reference#TimeReports.Create"))
			b.until(`document.querySelector('details[open]')`)
			picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(dir+"/reference-"+name+".png", picture, 0o600))
		}
		halves = append(halves, half)
	}
	both := image.NewPaletted(halves[0].Bounds(), palette(halves...))
	draw.Draw(both, both.Bounds(), halves[0], image.Point{}, draw.Src)
	for y := range both.Bounds().Dy() { // along a diagonal
		from := both.Bounds().Dx()*62/100 - y/4
		row := image.Rect(from, y, both.Bounds().Dx(), y+1)
		draw.Draw(both, row, halves[1], row.Min, draw.Src)
	}
	var out bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, both))
	require.Less(t, out.Len(), 200_000)
	require.NoError(t, os.WriteFile(*screenshot, out.Bytes(), 0o644))
}

// palette are the colours that occur most often, none of them like another.
func palette(pictures ...image.Image) color.Palette {
	counts := map[color.RGBA]int{}
	for _, p := range pictures {
		for y := range p.Bounds().Dy() {
			for x := range p.Bounds().Dx() {
				counts[color.RGBAModel.Convert(p.At(x, y)).(color.RGBA)]++
			}
		}
	}
	byCount := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(counts[b]-counts[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	for distance := 4; ; distance++ {
		var chosen []color.RGBA
		for _, c := range byCount {
			like := func(o color.RGBA) bool { return apart(c.R, o.R)+apart(c.G, o.G)+apart(c.B, o.B) < distance }
			if counts[c] < 200 && slices.ContainsFunc(chosen, like) {
				continue
			}
			chosen = append(chosen, c)
		}
		if len(chosen) <= 256 {
			all := color.Palette{}
			for _, c := range chosen {
				all = append(all, c)
			}
			return all
		}
	}
}

func apart(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
