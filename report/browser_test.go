package report

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a browser tab with its network blocked that remembers what it must never see.
type tab struct {
	context.Context
	t    *testing.T
	mu   sync.Mutex
	seen []string // requests, console messages, exceptions, policy violations
}

func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium binary found")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(path),
		chromedp.ProxyServer("http://127.0.0.1:9")) // nobody listens on the discard port: no request can succeed
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// open writes the page to a file and opens it with every other address blocked.
func open(t *testing.T, browser context.Context, page []byte, hash string) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{Context: ctx, t: t}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate("file://"+file+hash)); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) listen(event any) {
	text := ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "file://") || !strings.Contains(e.Request.URL, "/report.html") {
			text = "request: " + e.Request.URL
		}
	case *runtime.EventConsoleAPICalled:
		text = fmt.Sprintf("console: %v", e.Args)
	case *runtime.EventExceptionThrown:
		text = fmt.Sprintf("exception: %v", e.ExceptionDetails)
	case *log.EventEntryAdded:
		text = "log: " + e.Entry.Text
	}
	if text != "" {
		b.mu.Lock()
		b.seen = append(b.seen, text)
		b.mu.Unlock()
	}
}

// quiet fails when the page asked for anything, broke its policy, or wrote to the console.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seen) > 0 {
		b.t.Errorf("the page was not quiet:\n%s", strings.Join(b.seen, "\n"))
	}
}

func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// search types into the search field as a person does, and waits for the frame that shows the answer.
func (b *tab) search(text string) string {
	b.t.Helper()
	eval[bool](b, `(function(){var s=document.getElementById("search");s.value=`+fmt.Sprintf("%q", text)+`;s.dispatchEvent(new Event("input"));return true})()`)
	time.Sleep(100 * time.Millisecond)
	return eval[string](b, `document.getElementById("shown").textContent`)
}

func pageOf(t *testing.T, d *Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, HTML, d, Options{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPageInBrowser(t *testing.T) {
	ctx := browser(t)
	b := open(t, ctx, pageOf(t, company()), "")

	if got, want := b.search("tariff"), "1 of 15 rows shown"; got != want {
		t.Errorf("search: %q, want %q", got, want)
	}
	if got := eval[string](b, "location.hash"); got != "#q=tariff" {
		t.Errorf("address after a search: %q", got)
	}
	b.search("")

	sort := `(function(n){document.querySelectorAll("#inv thead button")[n].click();return document.querySelectorAll("#inv thead th")[n].getAttribute("aria-sort")+" "+document.querySelector("#inv tbody a").textContent})`
	for _, c := range []struct {
		column int
		want   string
	}{{0, "ascending AWS_SECRET_ACCESS_KEY"}, {0, "descending tariff-packages"}, {9, "descending AWS_SECRET_ACCESS_KEY"}, {6, "ascending shared-linux-2"}} {
		if got := eval[string](b, fmt.Sprintf("%s(%d)", sort, c.column)); got != c.want {
			t.Errorf("sort column %d: %q, want %q", c.column, got, c.want)
		}
	}

	eval[bool](b, `(function(){document.querySelectorAll("#facets fieldset")[1].querySelector("input").click();return true})()`)
	if got, want := eval[string](b, `document.getElementById("shown").textContent`), "2 of 15 rows shown"; got != want {
		t.Errorf("facet Owner confirmed: %q, want %q", got, want)
	}

	eval[bool](b, `(function(){document.querySelector("#inv tbody a").click();return true})()`)
	time.Sleep(100 * time.Millisecond)
	if got := eval[string](b, `document.getElementById("h-identity").textContent + " " + document.activeElement.id`); got != "shared-linux-2 h-identity" {
		t.Errorf("identity opened from a row: %q", got)
	}
	b.quiet()
}

func TestPageRoutes(t *testing.T) {
	ctx := browser(t)
	html := pageOf(t, company())
	aws := url.QueryEscape(company().Gaps[2].Subject)
	b := open(t, ctx, html, "#id="+aws)
	if got := eval[string](b, `document.getElementById("h-identity").textContent`); got != "AWS_SECRET_ACCESS_KEY" {
		t.Errorf("identity by its address: %q", got)
	}
	if got := eval[string](b, `document.getElementById("detail").textContent`); !strings.Contains(got, "visibility = public") || !strings.Contains(got, "maintains 2 of 3 projects") {
		t.Errorf("identity page lacks evidence or owner reasons: %q", got)
	}
	b.quiet()

	b = open(t, ctx, html, "#gap=critical&sort=-name")
	if got := eval[string](b, `document.getElementById("shown").textContent + " " + document.querySelector("[aria-sort]").textContent`); got != "1 of 15 rows shown Name" {
		t.Errorf("state from the address: %q", got)
	}
	b.quiet()

	b = open(t, ctx, html, "#id=nobody%<script>")
	if got := eval[string](b, `document.getElementById("h-identity").textContent`); got != "Not in this page" {
		t.Errorf("unknown identity: %q", got)
	}
	b.quiet()
}

func TestPageFits(t *testing.T) {
	ctx := browser(t)
	for name, d := range map[string]*Document{"company": company(), "hostile": hostileCompany()} {
		b := open(t, ctx, pageOf(t, d), "")
		if got := eval[string](b, `document.title`); !strings.HasPrefix(got, "nhi-scan: ") {
			t.Errorf("%s: title %q", name, got)
		}
		for _, width := range []int64{390, 1000, 1440} {
			if err := chromedp.Do(b, chromedp.EmulateViewport(width, 900)); err != nil {
				t.Fatal(err)
			}
			if got := eval[int64](b, "document.documentElement.scrollWidth"); got > width {
				t.Errorf("%s at %d px is %d px wide", name, width, got)
			}
		}
		if n := eval[int](b, `document.querySelectorAll("script:not([type]), img, [style]:not(td), [onerror]").length`); n != 1 {
			t.Errorf("%s: %d elements that markup in a name could have made, want the one script", name, n)
		}
		b.quiet()
	}
}

// TestPageOf50000Rows opens and filters the largest page; it checks the answers and prints the times.
func TestPageOf50000Rows(t *testing.T) {
	ctx := browser(t)
	html := pageOf(t, largeCompany(50_000))
	start := time.Now()
	b := open(t, ctx, html, "")
	for eval[string](b, `document.getElementById("shown").textContent`) == "" {
		time.Sleep(5 * time.Millisecond)
	}
	opened := time.Since(start)
	load := eval[float64](b, `performance.getEntriesByType("navigation")[0].loadEventEnd`)
	if n := eval[int](b, `document.querySelectorAll("#inv tbody tr").length`); n > 3000 {
		t.Errorf("%d row elements at once: the rows are not virtual", n)
	}
	times := eval[[]float64](b, `(function(){
		var s = document.getElementById("search"), out = [];
		function time(f) { var t = performance.now(); f(); out.push(performance.now() - t); }
		var frame = window.requestAnimationFrame; window.requestAnimationFrame = function (f) { f(); return 0; };
		time(function () { s.value = "name-4999"; s.dispatchEvent(new Event("input")); document.body.offsetHeight; });
		time(function () { s.value = "name-49999"; s.dispatchEvent(new Event("input")); document.body.offsetHeight; });
		window.requestAnimationFrame = frame;
		var shown = document.getElementById("shown").textContent;
		time(function () { s.value = ""; document.querySelectorAll("#inv thead button")[0].click(); document.body.offsetHeight; });
		return shown === "1 of 50,000 rows shown" ? out : [];
	})()`)
	if len(times) != 3 {
		t.Fatal("the search did not find the one row")
	}
	t.Logf("page of %.1f MB: opened in %v, load event after %.0f ms, first search %.0f ms, next %.0f ms, sort %.0f ms", float64(len(html))/1e6, opened.Round(time.Millisecond), load, times[0], times[1], times[2])
	b.quiet()
}

// The checks of this file can fail: what they look for is noticed when it is there.
func TestBrowserNoticesIntruders(t *testing.T) {
	ctx := browser(t)
	html := pageOf(t, company())
	for name, intruder := range map[string]string{
		"image": `<img src="http://evil.example/x.png">`, "script": `<script>document.title = "owned"</script>`, "style": `<p style="color: red">x</p>`,
	} {
		b := open(t, ctx, bytes.Replace(html, []byte("<main>"), []byte("<main>"+intruder), 1), "")
		time.Sleep(50 * time.Millisecond)
		b.mu.Lock()
		if len(b.seen) == 0 {
			t.Errorf("%s: nothing noticed", name)
		}
		b.mu.Unlock()
	}
}

// Without its script the page still lists rows and the worst identities, and their links work.
func TestPageWithoutScript(t *testing.T) {
	ctx := browser(t)
	tabContext, cancel := chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(tabContext); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tabContext, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, pageOf(t, company()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tabContext, chromedp.EmulateViewport(1440, 900), chromedp.Navigate("file://"+file+"#id="+url.QueryEscape(token("90")))); err != nil {
		t.Fatal(err)
	}
	rows, err := chromedp.Run(tabContext, chromedp.Evaluate[string](`document.querySelectorAll("#inv tbody tr").length + " " + document.querySelectorAll(".plain").length + " " + document.getElementById("filter").hidden`))
	if err != nil {
		t.Fatal(err)
	}
	if want := "15 14 true"; rows != want {
		t.Errorf("rows, identities, filter hidden: %q, want %q", rows, want)
	}
	for _, link := range []string{"#inv tbody a", ".todo a"} {
		ok, err := chromedp.Run(tabContext, chromedp.Evaluate[bool](`(function(a){return document.getElementById(decodeURIComponent(a.hash.slice(1))) !== null})(document.querySelector("`+link+`"))`))
		if err != nil || !ok {
			t.Errorf("link %s leads nowhere: %v", link, err)
		}
	}
}
