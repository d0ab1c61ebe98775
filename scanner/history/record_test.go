package history

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// What is written is read again, whatever names and authors hold, and nothing that is cut short is taken for a result.
func TestRecord(t *testing.T) {
	text := rapid.StringMatching(`[a-z\\\n\x1f\t\x00ä]{0,8}`)
	finding := rapid.Custom(func(t *rapid.T) Finding {
		return Finding{
			Detector: text.Draw(t, "detector"), Title: text.Draw(t, "title"), Hint: text.Draw(t, "hint"), Fingerprint: text.Draw(t, "fingerprint"),
			Line: rapid.Int().Draw(t, "line"), Column: rapid.Int().Draw(t, "column"), EndLine: rapid.Int().Draw(t, "end"), EndColumn: rapid.Int().Draw(t, "end column"),
			Confidence: rapid.Float64Range(0, 1).Draw(t, "confidence"), Reasons: rapid.SliceOfN(text, 0, 3).Draw(t, "reasons"),
		}
	})
	place := rapid.Custom(func(t *rapid.T) Place {
		return Place{finding.Draw(t, "finding"), text.Draw(t, "path"), text.Draw(t, "commit"), text.Draw(t, "author"), text.Draw(t, "date")}
	})
	skipped := rapid.Custom(func(t *rapid.T) Skipped {
		return Skipped{text.Draw(t, "path"), text.Draw(t, "reason"), rapid.Bool().Draw(t, "unread")}
	})
	rapid.Check(t, func(t *rapid.T) {
		want := &Result{
			Places: rapid.SliceOfN(place, 0, 4).Draw(t, "places"), Blobs: rapid.IntRange(0, 1<<40).Draw(t, "blobs"),
			Bytes: rapid.Int64Range(0, 1<<50).Draw(t, "bytes"), Skipped: rapid.SliceOfN(skipped, 0, 3).Draw(t, "skipped"),
		}
		written := string(writeResult(want))
		if diff := cmp.Diff(want, readResult(written), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("a result (-want +got):\n%s", diff)
		}
		if cut := rapid.IntRange(0, len(written)-1).Draw(t, "cut"); readResult(written[:cut]) != nil {
			t.Fatalf("%d of %d bytes are taken for a result", cut, len(written))
		}
		var all []Finding
		for _, p := range want.Places {
			all = append(all, p.Finding)
		}
		got, ok := readFindings(writeFindings(all), nil)
		if diff := cmp.Diff(all, got, cmpopts.EquateEmpty()); diff != "" || !ok {
			t.Fatalf("findings, %t (-want +got):\n%s", ok, diff)
		}
	})
}
