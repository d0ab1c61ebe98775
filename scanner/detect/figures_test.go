package detect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

// vectors counts the positives in which something is found at a confidence, and the negatives in which something, or the
// vector's own rule, is.
func vectors(t *testing.T, d *design, b []float64) {
	e := engine(t)
	all := readRows[vector](t, "vectors-train.jsonl.gz")
	missed := map[string]int{}
	for _, threshold := range []float64{0.1, 0.3, DefaultConfidence} {
		var positives, negatives, found, hit, byRule int
		for i := range all {
			v := &all[i]
			any, rule, near := false, false, ""
			for _, c := range e.suspects("", []byte(v.Text)) {
				x := newExample(&c, &labelled{}, nil, nil, 1, 1)
				near += fmt.Sprintf(" %s %.2f", c.hit.detector, d.score(b, x))
				if d.score(b, x) >= threshold {
					any = true
					rule = rule || c.hit.detector == v.Rule
				}
			}
			switch {
			case v.Label == "positive":
				positives++
				if any {
					found++
				} else if threshold == DefaultConfidence {
					missed[v.Source+" "+v.Rule]++
					if *show == "vectors" {
						fmt.Printf("%s %s | %.300q |%s\n", v.Source, v.Rule, v.Text, near)
					}
				}
			case any:
				negatives, hit = negatives+1, hit+1
				if *show == "negatives" && threshold == DefaultConfidence {
					fmt.Printf("%s %s | %.160q |%s\n", v.Source, v.Rule, v.Text, near)
				}
				if rule {
					byRule++
				}
			default:
				negatives++
			}
		}
		fmt.Printf("vectors at %.2f: %.2f %% of %d positives found; %.1f %% of %d negatives hit by anything, %.1f %% by their rule\n", threshold,
			100*ratio(found, positives), positives, 100*ratio(hit, negatives), negatives, 100*ratio(byRule, negatives))
	}
	names := slices.SortedFunc(maps.Keys(missed), func(a, b string) int { return cmp.Or(cmp.Compare(missed[b], missed[a]), cmp.Compare(a, b)) })
	for _, n := range names[:min(20, len(names))] {
		fmt.Printf("  %d of %s not found\n", missed[n], n)
	}
}

// TestWindows writes the findings at the default confidence in every distinct window, scanned as a content with its path.
func TestWindows(t *testing.T) {
	if *output == "" {
		t.Skip("figures, not a test: -findings names a file")
	}
	f, err := os.Create(*output)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	to := json.NewEncoder(f)
	seen := map[string]bool{}
	for _, r := range readRows[labelled](t, "creddata-train.jsonl.gz") {
		if id := fmt.Sprint(r.Repo, r.Path, r.FirstLine, len(r.Window)); seen[id] {
			continue
		} else {
			seen[id] = true
		}
		for _, found := range engine(t).Scan(r.Path, []byte(r.Window)) {
			if found.Confidence < DefaultConfidence {
				continue
			}
			if err := to.Encode(map[string]any{"id": r.ID, "line": found.Line, "line_end": found.EndLine, "value": found.Secret.Reveal()}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
