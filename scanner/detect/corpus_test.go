package detect

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const corpus = "../../../shared/corpus/secrets"

// labelled is one row of the labelled windows.
type labelled struct {
	ID        string `json:"id"`
	Repo      string `json:"repo"`
	Path      string `json:"path"`
	Category  string `json:"category"`
	Label     string `json:"label"`
	Window    string `json:"window"`
	Line      int    `json:"line"`
	LineEnd   int    `json:"line_end"`
	FirstLine int    `json:"first_line"`
	From      *int   `json:"value_start"`
	To        *int   `json:"value_end"`
}

func (r *labelled) opaque() bool {
	return slices.Contains([]string{"UUID", "Nonce", "Salt", "AWS S3 Bucket", "Firebase Domain"}, r.Category)
}

type vector struct {
	Source, Rule, Label, Text string
}

func readRows[T any](t testing.TB, name string) []T {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus, name))
	if err != nil {
		t.Skipf("no labelled data beside the checkout: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []T
	in := bufio.NewReader(z)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var r T
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			out = append(out, r)
		}
		if err == io.EOF {
			return out
		}
	}
}

// example is a suspect in a window, with what the labels say.
type example struct {
	repo   string
	unit   string // file and lines: findings are counted by it
	label  string // T, F, X or "" for unlabelled, as score.py judges the unit
	exact  string // the same by the value; "?" where the line is T and the value another
	rows   []int
	names  []string
	value  []float64
	weight float64
	same   string // equal for copies of one text
	text   string
	score  float64
	most   float64 // the confidence it may have
	least  float64 // and the one it has at least
	fixed  float64 // the confidence of an own detector, which the model leaves as it is
}

// examples scans every distinct window as a content with its path.
func examples(t testing.TB, rows []labelled) []*example {
	t.Helper()
	at := map[string][]int{}
	for i := range rows {
		r := &rows[i]
		for n := r.Line; n <= r.LineEnd; n++ {
			key := fmt.Sprint(r.Repo, " ", r.Path, ":", r.FirstLine+n-1)
			at[key] = append(at[key], i)
		}
	}
	var out []*example
	e := engine(t)
	seen := map[string]bool{}
	for i := range rows {
		r := &rows[i]
		id := fmt.Sprint(r.Repo, r.Path, r.FirstLine, len(r.Window))
		if seen[id] {
			continue
		}
		seen[id] = true
		content := []byte(r.Window)
		cs := e.suspects(r.Path, content)
		slices.SortFunc(cs, func(a, b suspect) int { return cmp.Compare(a.hit.start, b.hit.start) })
		places := lines{text: content, line: 1}
		for _, c := range cs {
			h := c.hit
			line, _ := places.place(h.start)
			last := places
			lineEnd, _ := last.place(max(h.start, h.end-1))
			x := newExample(&c, r, rows, at, line, lineEnd)
			out = append(out, x)
		}
	}
	weigh(out)
	return out
}

func newExample(c *suspect, r *labelled, rows []labelled, at map[string][]int, line, lineEnd int) *example {
	var f features
	c.describe(&f)
	value := string(c.content[c.hit.start:c.hit.end])
	x := &example{
		repo: r.Repo, unit: fmt.Sprint(r.Repo, " ", r.Path, ":", r.FirstLine+line-1, "-", r.FirstLine+lineEnd-1), names: f.names, value: f.value,
		text: c.hit.detector + " | " + string(bytesLine(c.content, c.hit.start)) + " | " + value,
	}
	if x.most, _ = c.most(1); x.most == 1 {
		x.least, _ = c.least()
	}
	if c.hit.rank <= rankOwn {
		x.fixed, _ = fitted().score(c, &features{})
	}
	if c.hit.assigned != nil {
		x.same = r.Repo + c.hit.assigned.name + "=" + value
	} else {
		x.same = r.Repo + value
	}
	labels := ""
	exact := ""
	for n := line; n <= lineEnd; n++ {
		for _, i := range at[fmt.Sprint(r.Repo, " ", r.Path, ":", r.FirstLine+n-1)] {
			if slices.Contains(x.rows, i) {
				continue
			}
			x.rows = append(x.rows, i)
			labels += rows[i].Label
			if overlaps(&rows[i], value) {
				exact += rows[i].Label
			}
		}
	}
	for _, l := range []string{"F", "X", "T"} {
		if strings.Contains(labels, l) {
			x.label = l
		}
		if strings.Contains(exact, l) {
			x.exact = l
		}
	}
	if x.exact == "" {
		x.exact = x.label
		if x.label == "T" {
			x.exact = "?"
		}
	}
	return x
}

// overlaps reports whether a row's value and a found one are of one place: one holds the other.
func overlaps(r *labelled, value string) bool {
	if r.From == nil || r.Line != r.LineEnd {
		return true
	}
	line := strings.Split(r.Window, "\n")[r.Line-1]
	if *r.From > *r.To || *r.To > len(line) {
		return true
	}
	labelled := line[*r.From:*r.To]
	return labelled != "" && (strings.Contains(value, labelled) || strings.Contains(labelled, value))
}

func bytesLine(content []byte, at int) string {
	line := string(surroundingLine(content, at, at))
	return strings.TrimSpace(line[:min(len(line), 150)])
}

// weigh makes copies of one text count less, and large repositories too: what is learned shall hold elsewhere.
func weigh(all []*example) {
	copies, sizes := map[string]float64{}, map[string]float64{}
	for _, x := range all {
		copies[x.same]++
	}
	for _, x := range all {
		x.weight = 1 / math.Sqrt(copies[x.same])
		sizes[x.repo] += x.weight
	}
	for _, x := range all {
		x.weight *= math.Sqrt(200 / (200 + sizes[x.repo]))
		switch {
		case x.exact == "?", x.fixed > 0, x.most < DefaultConfidence && x.exact == "T": // the model is not asked
			x.weight = 0
		case x.most < DefaultConfidence: // nor here, but what a doubt knows for sure tells of what looks alike
			x.weight *= 0.1
		case x.label == "":
			x.weight *= 0.5
		}
	}
}

// vectorExamples are the candidates in the vectors. A positive says that its rule's value is a secret, a negative that
// it is none; of what else is found in them little is known.
func vectorExamples(t testing.TB) []*example {
	t.Helper()
	e := engine(t)
	copies := map[string]float64{}
	var out []*example
	for _, v := range readRows[vector](t, "vectors-train.jsonl.gz") {
		cs := e.suspects("", []byte(v.Text))
		own := slices.ContainsFunc(cs, func(c suspect) bool { return c.hit.detector == v.Rule })
		for _, c := range cs {
			x := newExample(&c, &labelled{Repo: "vectors " + v.Source}, nil, nil, 1, 1)
			x.same = v.Rule + v.Label
			switch {
			case v.Label == "negative" && (isGeneric(v.Rule) || strings.Contains(v.Rule, ".generic.")):
				x.weight = 1 // it says that nothing is a secret here, and not only that this provider's is not
			case v.Label == "negative":
				x.weight = 0.3
			case c.hit.detector == v.Rule:
				x.exact, x.weight = "T", 0.5
			case !own && c.hit.rank >= rankForm && c.hit.rank < rankGuess: // another tool's name for the same
				x.exact, x.weight = "T", 0.3
			case !own && c.hit.rank == rankGuess:
				x.exact, x.weight = "T", 0.1
			}
			if x.fixed > 0 || x.most < DefaultConfidence {
				x.weight = 0
			}
			copies[x.same] += 1
			out = append(out, x)
		}
	}
	for _, x := range out {
		x.weight /= math.Sqrt(copies[x.same])
	}
	return out
}
