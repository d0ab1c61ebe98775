package detect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestScan_position(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	token := "glpat-" + random(r, alnum, 20)
	text := "one\nzwei = \"ü\" + '" + token + "'\n"
	got := engine(t).Scan("a.txt", []byte(text))
	if len(got) != 1 {
		t.Fatalf("Scan found %v, want one token", detectors(got))
	}
	f := got[0]
	at := strings.Index(text, token)
	want := []int{at, at + 26, 2, 16, 2, 42}
	if diff := cmp.Diff(want, []int{f.Start, f.End, f.Line, f.Column, f.EndLine, f.EndColumn}); diff != "" {
		t.Errorf("place (-want +got):\n%s", diff)
	}
	if f.Detector != "gitlab-access-token" || f.Secret.Reveal() != token || f.Confidence < 0.8 || len(f.Reasons) == 0 || f.Description == "" {
		t.Errorf("Scan = %+v, want a confident gitlab-access-token with reasons", f)
	}
}

// What a name reads may lie behind the value of a later name: each value keeps the name that it was read for.
func TestScan_names_out_of_order(t *testing.T) {
	r := rand.New(rand.NewPCG(37, 38))
	password := random(r, alnum, 14)
	text := "$db = new PDO('mysql:host=db;dbname=shop', 'shop', '" + password + "');"
	got := engine(t).Scan("db.php", []byte(text))
	if len(got) != 1 || got[0].Secret.Reveal() != password || got[0].Confidence < DefaultConfidence {
		t.Errorf("Scan(%q) = %v, want the last argument", text, detectors(got))
	}
}

func TestScan_multi_line_secret(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	key := "-----BEGIN EC" + " PRIVATE KEY-----\n" + random(r, alnum, 64) + "\n" + random(r, alnum, 40) + "\n-----END EC PRIVATE KEY-----"
	got := engine(t).Scan("", []byte("\nkey: |\n"+key+"\n"))
	if len(got) != 1 || got[0].Detector != "private-key" || got[0].Line != 3 || got[0].Column != 1 || got[0].EndLine != 6 || got[0].EndColumn != 29 {
		t.Errorf("Scan = %+v, want private-key at 3:1 to 6:29", got)
	}
}

// A content that needs several pieces gives what its parts would give, each secret once.
func TestScan_pieces(t *testing.T) {
	e := engine(t)
	r := rand.New(rand.NewPCG(9, 10))
	var text bytes.Buffer
	var want []string
	for text.Len() < 3*pieceSize+1000 {
		for range r.IntN(400) {
			text.WriteString("func filler(a, b int) { return a + b }\n")
		}
		if left := pieceSize - text.Len()%pieceSize; left < 16_000 && r.IntN(2) == 0 { // across a border
			text.WriteString(strings.Repeat(" ", max(0, left-12)))
		}
		secret := "AKIA" + random(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
		if r.IntN(2) == 0 {
			secret = "ghp_" + random(r, alnum, 36)
		}
		want = append(want, fmt.Sprintf("%d %s", text.Len(), secret))
		text.WriteString(secret + "\n")
	}
	var got []string
	for _, f := range e.Scan("big.txt", text.Bytes()) {
		got = append(got, fmt.Sprintf("%d %s", f.Start, f.Secret.Reveal()))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%d bytes (-want +got):\n%s", text.Len(), diff)
	}
}

func TestScan_hostile(t *testing.T) {
	e := engine(t)
	for name, text := range map[string]string{
		"one_long_line":    strings.Repeat("password=abc1def2ghi3jkl4,", 20_000),
		"only_marks":       strings.Repeat("://", 300_000),
		"authorities":      strings.Repeat("a://b:c@", 100_000),
		"begin_without":    strings.Repeat("-----BEGIN"+" PRIVATE KEY-----\n", 20_000),
		"dots":             "glpat-" + strings.Repeat("a.", 300_000),
		"prefixes":         strings.Repeat("glpat-", 100_000),
		"not_utf8":         strings.Repeat("\xff\xfetoken=\xc3\x28aB3dE6gH9\n", 10_000),
		"zero_bytes":       strings.Repeat("\x00", 500_000),
		"kelvin_signs":     strings.Repeat("to\u212aen = \u0130 ", 10_000),
		"generic_specific": strings.Repeat("key=AKIA"+"QWERTYUIOPASDFGH token='"+"qwe1rty2uio3pas4' ", 5_000),
	} {
		if testing.Short() {
			text = text[:len(text)/8]
		}
		checkFindings(t, text, e.Scan(name+".yaml", []byte(text)))
	}
}

func TestScan_at_once(t *testing.T) {
	e := engine(t)
	text := []byte("password = '" + "Zq8rT2mW5xY7'\nkey: AKIA" + "QWERTYUIOPASDFGH" + "\nhttps://bot:" + "Zq8rT2mW5xY7@h.example\n")
	want := detectors(e.Scan("a.yaml", text))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got := detectors(e.Scan("a.yaml", text)); !slices.Equal(got, want) {
				t.Errorf("Scan beside others found %v, want %v", got, want)
			}
		})
	}
	group.Wait()
}

// checkFindings holds what every finding keeps.
func checkFindings(t testing.TB, text string, found []Finding) {
	t.Helper()
	for i, f := range found {
		if f.Start < 0 || f.End < f.Start || f.End > len(text) || f.Secret.Reveal() != text[f.Start:f.End] {
			t.Fatalf("finding %d of %s: offsets %d to %d do not give its secret", i, f.Detector, f.Start, f.End)
		}
		if i < 100 { // counting takes as long as the text
			line := 1 + strings.Count(text[:f.Start], "\n")
			column := f.Start - strings.LastIndexByte(text[:f.Start], '\n')
			if f.Line != line || f.Column != column {
				t.Fatalf("finding %d of %s: at %d:%d, want %d:%d", i, f.Detector, f.Line, f.Column, line, column)
			}
		}
		if f.EndLine < f.Line || f.EndLine == f.Line && f.EndColumn < f.Column {
			t.Fatalf("finding %d of %s ends before it begins", i, f.Detector)
		}
		if f.Confidence <= 0 || f.Confidence > 1 || len(f.Reasons) == 0 {
			t.Fatalf("finding %d of %s: confidence %v, reasons %v", i, f.Detector, f.Confidence, f.Reasons)
		}
		if i > 0 && found[i-1].Start > f.Start {
			t.Fatalf("finding %d is not in order", i)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "\n", "token=\xff", "https://a:b@c", "glpat-", "a\u212aey = \"", "glrt-t1_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.01.2b0abcdef", "_gitlab_session=" + "0123456789abcdef0123456789abcdef", "-----BEGIN KEY-----"} {
		f.Add("a.yaml", s)
	}
	e, err := New(Options{TokenPrefixes: []string{"acme-"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, text string) {
		first := e.Scan(path, []byte(text))
		checkFindings(t, text, first)
		if again := e.Scan(path, []byte(text)); !slices.EqualFunc(first, again, sameFinding) {
			t.Fatalf("Scan gives %v, then %v", detectors(first), detectors(again))
		}
		checkFindings(t, text, e.Value(path, text))
		once, found := e.Clean(text)
		checkFindings(t, text, found)
		if twice, _ := e.Clean(once); twice != once {
			t.Fatalf("Clean(%q) = %q, and cleaned again %q", text, once, twice)
		}
	})
}

func TestAnchors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[abk-]{1,4}`), 1, 8).Draw(t, "literals")
		text := rapid.StringMatching(`[abkABK -]{0,40}`).Draw(t, "text")
		text = strings.Repeat(text, rapid.SampledFrom([]int{1, 1, 40, 300}).Draw(t, "times"))
		e := &Engine{}
		set := e.literals.add(texts...)
		e.automata = newAutomata(e.literals.texts)
		var want, got []string
		var starts []int32
		for _, n := range set.numbers {
			for start := range len(text) {
				if l := e.literals.texts[n]; len(text)-start >= len(l) && strings.EqualFold(text[start:start+len(l)], l) {
					want, starts = append(want, fmt.Sprint(n, start)), append(starts, int32(start))
				}
			}
		}
		slices.Sort(starts)
		p := e.read([]byte(text))
		for _, n := range set.numbers {
			for _, start := range p.anchors.of(n) {
				got = append(got, fmt.Sprint(n, start))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("literals %q in %q (-want +got):\n%s", texts, text, diff)
		}
		if diff := cmp.Diff(starts, p.places(set), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("all literals of %q in %q (-want +got):\n%s", texts, text, diff)
		}
	})
}

func TestSettle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var hits []hit
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			start := rapid.IntRange(0, 20).Draw(t, "start")
			hits = append(hits, hit{start: start, end: start + rapid.IntRange(1, 10).Draw(t, "length"), rank: rank(rapid.IntRange(0, 5).Draw(t, "rank"))})
		}
		kept := settle(slices.Clone(hits))
		contains := func(a, b hit) bool { return a.start <= b.start && a.end >= b.end }
		for i, a := range kept {
			for j, b := range kept {
				if i != j && contains(a, b) {
					t.Fatalf("%+v is kept beside %+v, which it contains", b, a)
				}
			}
		}
		for _, h := range hits {
			if !slices.ContainsFunc(kept, func(k hit) bool { return k.rank <= h.rank && (contains(k, h) || contains(h, k)) }) {
				t.Fatalf("%+v is dropped for nothing better", h)
			}
		}
	})
}

func TestScan_baselines_hold_hashes(t *testing.T) {
	line := `{"salt":"` + random(rand.New(rand.NewPCG(41, 42)), "0123456789abcdef", 32) + `","secret":"` + random(rand.New(rand.NewPCG(43, 44)), alnum, 32) + `"}`
	if got := shownIn(engine(t).Scan("settings.json", []byte(line))); got == 0 {
		t.Fatalf("Scan(settings.json) finds nothing in %q: the test proves nothing", line)
	}
	for _, path := range []string{".nhi-baseline", "sub/.secrets.baseline"} {
		if got := shownIn(engine(t).Scan(path, []byte(line))); got != 0 {
			t.Errorf("Scan(%s) shows %d secrets among hashes", path, got)
		}
	}
}

func TestScan_users_rule_is_shown(t *testing.T) {
	e, err := New(Options{RulesTOML: []byte("[[rules]]\nid = \"house-rule\"\nregex = \"clean\"\nkeywords = [\"clean\"]\n")})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Scan("a.txt", []byte("clean\n")); len(got) != 1 || got[0].Confidence < DefaultConfidence {
		t.Errorf("Scan = %+v, want the user's own rule shown", got)
	}
}

func shownIn(found []Finding) int {
	n := 0
	for _, f := range found {
		if f.Confidence >= DefaultConfidence {
			n++
		}
	}
	return n
}

func TestScan_variables_are_no_secrets(t *testing.T) {
	for _, text := range []string{
		`curl -u "$PSP_KEY:" https://api.psp.example/v1/payouts`, `curl -u "${CI_USER}:${CI_PASS}" https://x.example/`,
		`curl -H "Authorization: Bearer ${DEPLOY_ACCESS_TOKEN_VALUE}" https://x.example/`,
	} {
		if n := shownIn(engine(t).Scan("pay.sh", []byte(text+"\n"))); n != 0 {
			t.Errorf("Scan(%q) shows %d secrets, want none: a variable's value stands elsewhere", text, n)
		}
	}
}
