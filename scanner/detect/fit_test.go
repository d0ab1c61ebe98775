package detect

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var (
	fit     = flag.Bool("fit", false, "fit the model on the labelled data beside the checkout and write model.yaml")
	quality = flag.Bool("quality", false, "print recall and precision on the labelled data, cross-validated by repository")
	ridge   = flag.Float64("ridge", 2, "weight of the squared weights")
	output  = flag.String("findings", "", "file for the findings in the windows, for score.py")
	show    = flag.String("show", "", "print examples: wrong, missed or a label")
)

// design is the sparse matrix of examples.
type design struct {
	names []string
	index map[string]int
	rows  [][]entry
	y, w  []float64
}

type entry struct {
	at int
	v  float64
}

// newDesign keeps the features that occur in two repositories at least: what one alone has cannot hold elsewhere.
func newDesign(all []*example) *design {
	repos := map[string]map[string]bool{}
	for _, x := range all {
		if x.weight == 0 {
			continue
		}
		for _, n := range x.names {
			if repos[n] == nil {
				repos[n] = map[string]bool{}
			}
			repos[n][x.repo] = true
		}
	}
	d := &design{names: []string{"bias"}, index: map[string]int{"bias": 0}}
	for _, n := range slices.Sorted(maps.Keys(repos)) {
		if len(repos[n]) >= 2 {
			d.index[n] = len(d.names)
			d.names = append(d.names, n)
		}
	}
	for _, x := range all {
		if x.weight == 0 {
			continue
		}
		d.rows, d.w = append(d.rows, d.row(x)), append(d.w, x.weight)
		y := 0.0
		if x.exact == "T" {
			y = 1
		}
		d.y = append(d.y, y)
	}
	return d
}

func (d *design) row(x *example) []entry {
	out := []entry{{0, 1}}
	for i, n := range x.names {
		if at, ok := d.index[n]; ok {
			out = append(out, entry{at, x.value[i]})
		}
	}
	return out
}

// lean is added to the fitted log odds: the default confidence, 0.5, shall be where recall costs little precision.
const lean = 0.25

// solve fits by Newton's method with a ridge, which has one solution.
func (d *design) solve(ridge float64) []float64 {
	n := len(d.names)
	b := make([]float64, n)
	h, g := make([]float64, n*n), make([]float64, n)
	for range 8 {
		clear(h)
		clear(g)
		for i, row := range d.rows {
			z := 0.0
			for _, e := range row {
				z += b[e.at] * e.v
			}
			p := 1 / (1 + math.Exp(-z))
			r, s := d.w[i]*(d.y[i]-p), d.w[i]*max(p*(1-p), 1e-6)
			for _, e := range row {
				g[e.at] += r * e.v
				for _, f := range row {
					if f.at <= e.at {
						h[e.at*n+f.at] += s * e.v * f.v
					}
				}
			}
		}
		for j := range n {
			k := ridge
			if j == 0 {
				k = 1e-3
			}
			h[j*n+j] += k
			g[j] -= k * b[j]
		}
		step := cholesky(h, g, n)
		most := 0.0
		for j := range n {
			b[j] += step[j]
			most = max(most, math.Abs(step[j]))
		}
		if most < 1e-4 {
			break
		}
	}
	b[0] += lean
	return b
}

// cholesky solves h x = g for the lower triangle of a positive definite h, which it overwrites.
func cholesky(h, g []float64, n int) []float64 {
	for j := range n {
		for k := range j {
			if l := h[j*n+k]; l != 0 {
				for i := j; i < n; i++ {
					h[i*n+j] -= h[i*n+k] * l
				}
			}
		}
		s := math.Sqrt(h[j*n+j])
		for i := j; i < n; i++ {
			h[i*n+j] /= s
		}
	}
	x := slices.Clone(g)
	for i := range n {
		for k := range i {
			x[i] -= h[i*n+k] * x[k]
		}
		x[i] /= h[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= h[k*n+i] * x[k]
		}
		x[i] /= h[i*n+i]
	}
	return x
}

func (d *design) score(b []float64, x *example) float64 {
	if x.fixed > 0 {
		return x.fixed
	}
	z := 0.0
	for _, e := range d.row(x) {
		z += b[e.at] * e.v
	}
	return min(x.most, max(x.least, 1/(1+math.Exp(-z))))
}

// crossValidate scores each example by a model fitted without its repository's fold.
func crossValidate(all, always []*example, folds int) {
	repos := map[string]int{}
	for _, x := range all {
		repos[x.repo]++
	}
	names := slices.SortedFunc(maps.Keys(repos), func(a, b string) int { return cmp.Or(cmp.Compare(repos[b], repos[a]), cmp.Compare(a, b)) })
	fold := map[string]int{"": -1}
	for i, n := range names {
		fold[n] = i % folds
	}
	for f := range folds {
		train := slices.Clone(always)
		for _, x := range all {
			if fold[x.repo] != f {
				train = append(train, x)
			}
		}
		d := newDesign(train)
		b := d.solve(*ridge)
		for _, x := range all {
			if fold[x.repo] == f {
				x.score = d.score(b, x)
			}
		}
	}
}

type figures struct {
	t, f, x, unlabelled, found, foundClear int
}

func measure(all []*example, rows []labelled, threshold float64) figures {
	var n figures
	units := map[string]bool{}
	found := map[int]bool{}
	for _, x := range all {
		if x.score < threshold {
			continue
		}
		for _, i := range x.rows {
			if rows[i].Label == "T" {
				found[i] = true
			}
		}
		if units[x.unit] {
			continue
		}
		units[x.unit] = true
		switch x.label {
		case "T":
			n.t++
		case "F":
			n.f++
		case "X":
			n.x++
		default:
			n.unlabelled++
		}
	}
	for i := range found {
		n.found++
		if !rows[i].opaque() {
			n.foundClear++
		}
	}
	return n
}

func ratio(a, b int) float64 { return float64(a) / float64(max(b, 1)) }

func curve(all []*example, rows []labelled) {
	total, clear := 0, 0
	for i := range rows {
		if rows[i].Label == "T" {
			total++
			if !rows[i].opaque() {
				clear++
			}
		}
	}
	fmt.Println("threshold  recall  without opaque  strict precision  with unlabelled  findings T/F/X/unlabelled")
	for _, t := range []float64{0, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9} {
		n := measure(all, rows, t)
		fmt.Printf("%9.2f  %5.1f %%  %12.1f %%  %14.1f %%  %13.1f %%  %d/%d/%d/%d\n", t, 100*ratio(n.found, total), 100*ratio(n.foundClear, clear),
			100*ratio(n.t, n.t+n.f+n.x), 100*ratio(n.t, n.t+n.f+n.x+n.unlabelled), n.t, n.f, n.x, n.unlabelled)
	}
}

func TestQuality(t *testing.T) {
	if !*quality && !*fit {
		t.Skip("figures, not a test: -quality prints them, -fit writes model.yaml")
	}
	rows := readRows[labelled](t, "creddata-train.jsonl.gz")
	all := examples(t, rows)
	fmt.Println(len(all), "candidates")
	always := vectorExamples(t)
	crossValidate(all, always, 8)
	curve(all, rows)
	shown(all, rows)
	d := newDesign(slices.Concat(all, always))
	b := d.solve(*ridge)
	vectors(t, d, b)
	if *fit {
		writeModel(t, d, b)
	}
}

func shown(all []*example, rows []labelled) {
	found := map[int]float64{}
	for _, x := range all {
		for _, i := range x.rows {
			found[i] = max(found[i], x.score)
		}
	}
	switch *show {
	case "unproposed", "missed":
		for i, r := range rows {
			s, ok := found[i]
			if r.Label == "T" && !r.opaque() && (!ok || *show == "missed" && s < 0.5) {
				line := strings.Split(r.Window, "\n")[r.Line-1]
				if r.From != nil && *r.From > 100 && r.Line == r.LineEnd {
					line = line[max(0, *r.From-60):]
				}
				fmt.Printf("%.2f %s %s | %s | %.150s\n", s, r.Repo, r.Category, r.Path[max(0, len(r.Path)-24):], strings.TrimSpace(line))
			}
		}
	case "wrong":
		for _, x := range all {
			if x.score >= 0.5 && x.label != "T" {
				fmt.Printf("%.2f [%s] %s | %s\n", x.score, x.label, x.unit[max(0, len(x.unit)-32):], x.text)
			}
		}
	}
}

func writeModel(t *testing.T, d *design, b []float64) {
	var text strings.Builder
	text.WriteString("# Weights of the logistic model that scores candidates; written by make fit, from the labelled data beside the checkout.\n")
	text.WriteString("# The confidence of a suspect is 1/(1+exp(-sum of the weights of its features)).\nweights:\n")
	for i, n := range d.names {
		if math.Abs(b[i]) >= 0.005 {
			fmt.Fprintf(&text, "  %s: %.2f\n", n, b[i])
		}
	}
	if err := os.WriteFile("model.yaml", []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
