package history

import (
	"math"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitrepo"
)

var anyText = rapid.StringMatching(`[a-z\\\n\x1f\t\x00ä]{0,8}`)

func anyFinding(t *rapid.T) Finding {
	at := func(name string) int { return int(rapid.Int32Range(0, math.MaxInt32).Draw(t, name)) }
	return Finding{
		Detector: anyText.Draw(t, "detector"), Title: anyText.Draw(t, "title"), Hint: anyText.Draw(t, "hint"), Fingerprint: anyText.Draw(t, "fingerprint"),
		Line: at("line"), Column: at("column"), EndLine: at("end"), EndColumn: at("end column"),
		Confidence: rapid.Float64Range(0, 1).Draw(t, "confidence"), Reasons: rapid.SliceOfN(anyText, 0, 3).Draw(t, "reasons"),
	}
}

// TestKeptContents reads what contents were found to hold as it was written, over two runs.
func TestKeptContents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type name struct{ oid, class string }
		want := map[name]content{}
		id := rapid.StringMatching(`[0-9a-f]{40}`)
		of := newContents(true)
		findings := func(of *contents, spots []spot) (all []Finding) {
			for _, s := range spots {
				all = append(all, of.facts.finding(s))
			}
			return all
		}
		told := map[name][]Finding{}
		for range 2 {
			for range rapid.IntRange(0, 5).Draw(t, "contents") {
				n := name{id.Draw(t, "id"), anyText.Draw(t, "class")}
				if _, ok := want[n]; ok {
					continue
				}
				c := content{size: rapid.Int64Range(0, 1<<40).Draw(t, "size"), binary: rapid.Bool().Draw(t, "binary")}
				for range rapid.IntRange(0, 4).Draw(t, "findings") {
					c.found = append(c.found, of.facts.spot(anyFinding(t)))
				}
				of.put(n.oid, n.class, c)
				want[n], told[n] = c, findings(of, c.found)
			}
			classes := rapid.MapOfN(anyText, anyText, 0, 5).Draw(t, "classes")
			of.classes = classes
			record := of.write()
			if of = newContents(true); !of.read(string(record)) {
				t.Fatal("what was written is not read")
			}
			if diff := cmp.Diff(classes, of.classes); diff != "" {
				t.Fatalf("classes (-want +got):\n%s", diff)
			}
			for n, c := range want {
				got, ok := of.get(n.oid, n.class)
				if diff := cmp.Diff(told[n], findings(of, got.found), cmpopts.EquateEmpty()); diff != "" || !ok || got.size != c.size || got.binary != c.binary {
					t.Fatalf("%v: %t, %d bytes, binary %t, want %d, %t (-want +got):\n%s", n, ok, got.size, got.binary, c.size, c.binary, diff)
				}
			}
			if _, ok := of.get("00", "none"); ok {
				t.Fatal("a content is known that was never put")
			}
		}
	})
}

// anyPlaces are few enough paths and detectors that places share them.
func anyPlaces(t *rapid.T) *places {
	p := newPlaces(newFacts(), 0)
	for range rapid.IntRange(0, 12).Draw(t, "places") {
		f := anyFinding(t)
		f.Detector = rapid.SampledFrom([]string{"one", "two"}).Draw(t, "which detector")
		f.Line = rapid.IntRange(1, 9).Draw(t, "which line")
		f.Confidence = rapid.SampledFrom([]float64{0.1, 0.3, detect.DefaultConfidence, 0.8}).Draw(t, "how sure")
		order := rapid.IntRange(-1, 3).Draw(t, "order")
		at := gitrepo.Place{Path: rapid.SampledFrom([]string{"a", "./a", "b/c", ""}).Draw(t, "path"), Order: order}
		if order >= 0 {
			at.Commit, at.Author = string(rune('a'+order)), "Ada"
		}
		p.add(at, []spot{p.facts.spot(f)}, rapid.Bool().Draw(t, "further"))
	}
	return p
}

// TestKeptResult reads a result for any confidence as it was written, and none that is cut short or damaged.
func TestKeptResult(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlaces(t)
		want := &Result{Blobs: rapid.IntRange(0, 1<<40).Draw(t, "blobs"), Bytes: rapid.Int64Range(0, 1<<50).Draw(t, "bytes")}
		for range rapid.IntRange(0, 3).Draw(t, "skipped") {
			want.Skipped = append(want.Skipped, Skipped{anyText.Draw(t, "name"), anyText.Draw(t, "reason"), rapid.Bool().Draw(t, "unread")})
		}
		var written []byte
		for _, record := range writeResult(want, p, p.listed(detect.DefaultConfidence)) {
			written = append(append(written, sectionOf(record)...), record...)
		}
		from := rapid.SampledFrom([]float64{0, 0.2, detect.DefaultConfidence, 0.6, 1}).Draw(t, "from")
		want.fill(p, p.listed(from))
		if diff := cmp.Diff(want, readResult(written, from), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("from %v (-want +got):\n%s", from, diff)
		}
		if cut := rapid.IntRange(0, len(written)-1).Draw(t, "cut"); readResult(written[:cut], 0) != nil {
			t.Fatalf("%d of %d bytes are taken for a result", cut, len(written))
		}
		written[rapid.IntRange(0, len(written)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flipped"))
		if readResult(written, 0) != nil {
			t.Fatal("a damaged result is read")
		}
	})
}

// TestListed numbers places as one would who has all of them.
func TestListed(t *testing.T) {
	type numbered struct {
		Place   Place
		Ordinal int
	}
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlaces(t)
		sure := func(from float64) (all []numbered, places int) {
			var r Result
			r.fill(p, p.listed(from))
			count := map[[2]string]int{}
			for _, at := range r.Places {
				group := [2]string{path.Clean(at.Path), at.Detector}
				count[group] += at.Before + 1
				if at.Before = 0; at.Confidence >= detect.DefaultConfidence {
					all = append(all, numbered{at, count[group]})
				}
			}
			return all, r.Others + len(r.Places)
		}
		want, n := sure(0)
		got, m := sure(detect.DefaultConfidence)
		if diff := cmp.Diff(want, got); diff != "" || n != m || n != len(p.list) {
			t.Fatalf("%d and %d places, want %d (-want +got):\n%s", n, m, len(p.list), diff)
		}
	})
}
