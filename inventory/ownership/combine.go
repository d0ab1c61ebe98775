package ownership

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"nhiscan/inventory"
)

const (
	floor       = 0.30 // below it there is no owner
	inferred    = 0.60
	undeclared  = 0.75 // most that evidence can give which nobody declared
	closeBy     = 0.10 // a second candidate so near disputes the first
	perFamily   = 3    // pieces of evidence of one family that count
	shownClaims = 12   // claims that an Owner keeps
)

// family groups ranks whose evidence tends to come from one cause, so that it must not count over and over.
func family(rank int) int {
	switch {
	case rank <= 4:
		return 0 // declared
	case rank == 5:
		return 1 // creation
	case rank <= 8:
		return 2 // code
	case rank <= 10:
		return 3 // membership
	}
	return 4 // naming
}

// standpoint is all that speaks for one candidate.
type standpoint struct {
	candidate, user string
	claims          []claim
	confidence      float64
	best            int // lowest rank with any weight
	left            bool
}

// combine weighs the claims against each other. The order of claims and notes does not matter.
func combine(claims []claim, notes []string) inventory.Owner {
	slices.SortFunc(claims, compareClaims)
	slices.Sort(notes)
	all := standpoints(claims)
	o := inventory.Owner{Band: inventory.OwnerNone, Claims: []inventory.Claim{}}
	for _, c := range claims[:min(len(claims), shownClaims)] {
		o.Claims = append(o.Claims, c.Claim)
	}
	if len(all) == 0 {
		o.Reason = sentence("none: nothing says who owns it", notes)
		return o
	}
	winner := all[0]
	o.Confidence = winner.confidence
	o.Band = band(winner)
	if o.Band == inventory.OwnerNone {
		o.Reason = sentence(fmt.Sprintf("none: best is %s, below %.2f", winner, floor), notes)
		return o
	}
	o.Owner, o.User = winner.candidate, winner.user
	// The owners file settles it; between inferred ones a near second stays in doubt.
	o.Disputed = winner.best > rankFile && len(all) > 1 && winner.confidence-all[1].confidence <= closeBy
	o.Reason = winner.String()
	if o.Disputed {
		o.Reason += fmt.Sprintf("; disputed by %s", all[1])
	}
	o.Reason = sentence(o.Reason, notes)
	return o
}

// standpoints gathers claims by candidate, the best first: one that the owners file or an attestation names, then
// by confidence, then by name.
func standpoints(claims []claim) []*standpoint {
	byName := map[string]*standpoint{}
	var all []*standpoint
	for _, c := range claims {
		if c.Weight <= 0 {
			continue
		}
		s := byName[c.Candidate]
		if s == nil {
			s = &standpoint{candidate: c.Candidate, best: c.Rank}
			byName[c.Candidate] = s
			all = append(all, s)
		}
		s.user = max(s.user, c.User)
		s.best = min(s.best, c.Rank)
		s.left = s.left || c.left
		s.claims = append(s.claims, c)
	}
	for _, s := range all {
		s.confidence = confidence(s.claims)
	}
	settled := func(s *standpoint) bool { return s.best <= rankFile }
	slices.SortFunc(all, func(a, b *standpoint) int {
		if settled(a) != settled(b) {
			if settled(a) {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.confidence, a.confidence), cmp.Compare(a.candidate, b.candidate))
	})
	return all
}

// confidence is 1 - Π(1 - weight) over the strongest evidence of each family, to four decimals. Claims must be sorted.
func confidence(claims []claim) float64 {
	var used [5]int
	doubt := 1.0
	declared := false
	for _, c := range claims {
		f := family(c.Rank)
		if used[f] == perFamily {
			continue
		}
		used[f]++
		declared = declared || f == 0
		doubt *= 1 - c.Weight
	}
	sure := 1 - doubt
	if !declared {
		sure = min(sure, undeclared)
	}
	return math.Round(sure*1e4) / 1e4
}

func band(s *standpoint) string {
	switch {
	case s.left:
		return inventory.OwnerOrphaned
	case s.confidence < floor:
		return inventory.OwnerNone
	case s.best <= rankFile:
		return inventory.OwnerConfirmed
	case family(s.best) == 0:
		return inventory.OwnerDeclared
	case s.confidence >= inferred:
		return inventory.OwnerInferred
	}
	return inventory.OwnerWeak
}

// String prints the arithmetic: "team-payments 0.92 (owners file line 4 0.90; created by @a.kim 0.21)".
func (s *standpoint) String() string {
	var parts []string
	for _, c := range s.claims[:min(len(s.claims), 4)] {
		text := fmt.Sprintf("%s %.2f", c.Evidence, c.Weight)
		if c.Note != "" {
			text += ", " + c.Note
		}
		parts = append(parts, text)
	}
	if more := len(s.claims) - 4; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("%s %.2f (%s)", printable(s.candidate), s.confidence, strings.Join(parts, "; "))
}

func sentence(text string, notes []string) string {
	for _, n := range slices.Compact(slices.Clone(notes)) {
		text += "; " + n
	}
	return text
}

// compareClaims orders claims by weight, strongest first, then by all else, so that the order is the same for any input.
func compareClaims(a, b claim) int {
	return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Candidate, b.Candidate),
		cmp.Compare(a.Evidence, b.Evidence), cmp.Compare(a.User, b.User), cmp.Compare(a.Note, b.Note), a.At.Compare(b.At))
}
