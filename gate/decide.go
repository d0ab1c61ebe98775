package gate

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"nhiscan/inventory/secret"
)

// rise is a step that puts a value where it was not.
type rise struct {
	step int
	more int // how often the step's tree holds the value beyond the merge base's
}

// decide finds which values are new and asks the exceptions about them.
func (s *search) decide(ctx context.Context) error {
	rises := s.rises()
	beyond, err := s.beyondBase(ctx, rises)
	if err != nil {
		return err
	}
	for value := range s.texts {
		most, over := 0, []rise(nil)
		for _, r := range rises[value] {
			if r.more = beyond[r.step][value]; r.more > 0 {
				over = append(over, r)
			}
			most = max(most, r.more)
		}
		for _, step := range s.summits() {
			most = max(most, beyond[step][value])
		}
		if most <= 0 || len(rises[value]) == 0 {
			continue
		}
		if len(over) == 0 {
			over = rises[value] // only a merge brings the copies together
		}
		if found, ok := s.secret(value, over); ok {
			found.After = found.Before + most
			s.result.New = append(s.result.New, found)
		}
	}
	slices.SortStableFunc(s.result.New, func(a, b Secret) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return s.accept(ctx)
}

// rises lists for each value the steps that hold it more often than what they came from. For a merge this cannot be
// told from what differs from all parents: it counts when it has a finding.
func (s *search) rises() map[int][]rise {
	all := map[int][]rise{}
	for i, step := range s.change.Steps {
		var own map[int]int
		seen := map[int]bool{}
		for _, c := range step.Changes {
			for _, f := range s.findings(c) {
				if seen[f.value] {
					continue
				}
				seen[f.value] = true
				if own == nil {
					own = s.differences(step.Changes)
				}
				if len(step.Parents) > 1 || own[f.value] > 0 {
					all[f.value] = append(all[f.value], rise{step: i})
				}
			}
		}
	}
	return all
}

// differences is how much more often the new sides of the changes hold each value than the old ones: of several, than
// the one with the most.
func (s *search) differences(changes []Changed) map[int]int {
	sums := map[int]int{}
	for _, c := range changes {
		for value, n := range s.counts(c.New, c.Path) {
			sums[value] += n
		}
		for value, n := range s.before(c) {
			sums[value] -= n
		}
	}
	return sums
}

func (s *search) before(c Changed) map[int]int {
	if len(c.Old) == 1 {
		return s.counts(c.Old[0], c.Path)
	}
	most := map[int]int{}
	for _, old := range c.Old {
		for value, n := range s.counts(old, c.Path) {
			most[value] = max(most[value], n)
		}
	}
	return most
}

// summits are the steps where lines of commits come together: all merges, and the last step.
func (s *search) summits() []int {
	var all []int
	for i, step := range s.change.Steps {
		if len(step.Parents) > 1 || i == len(s.change.Steps)-1 {
			all = append(all, i)
		}
	}
	return all
}

// beyondBase returns for the steps that matter how much more often their trees hold each value than the merge base's.
func (s *search) beyondBase(ctx context.Context, rises map[int][]rise) (map[int]map[int]int, error) {
	steps := map[int]bool{}
	for _, list := range rises {
		for _, r := range list {
			steps[r.step] = true
		}
	}
	if len(steps) == 0 {
		return nil, nil
	}
	for _, i := range s.summits() {
		steps[i] = true
	}
	changes, err := s.comparisons(ctx, steps)
	if err != nil {
		return nil, err
	}
	beyond := map[int]map[int]int{}
	for i := range steps {
		if err := s.count(ctx, changes[i]); err != nil {
			return nil, err
		}
		beyond[i] = s.differences(changes[i])
	}
	return beyond, nil
}

// comparisons returns for each step what its tree changes against the merge base.
func (s *search) comparisons(ctx context.Context, steps map[int]bool) (map[int][]Changed, error) {
	all, trees, of := map[int][]Changed{}, []string(nil), map[string][]int{}
	for i := range s.change.Steps {
		step := s.change.Steps[i]
		switch {
		case !steps[i]:
		case s.isBase(step.Parents):
			all[i] = step.Changes
		default:
			if of[step.Tree] == nil {
				trees = append(trees, step.Tree)
			}
			of[step.Tree] = append(of[step.Tree], i)
		}
	}
	err := s.repo.Compare(ctx, s.change.Base, trees, func(tree string, changes []Changed) error {
		for _, i := range of[tree] {
			all[i] = changes
		}
		return nil
	})
	return all, err
}

func (s *search) isBase(parents []string) bool {
	return len(parents) == 0 && s.change.Base == "" || len(parents) == 1 && parents[0] == s.change.Base
}

// secret describes a value by the files in which the steps put it.
func (s *search) secret(value int, over []rise) (Secret, bool) {
	out := Secret{value: s.texts[value]}
	seen := map[string]bool{}
	for _, r := range over {
		step := s.change.Steps[r.step]
		for _, c := range step.Changes {
			if s.counts(c.New, c.Path)[value] <= s.before(c)[value] {
				continue
			}
			for _, f := range s.findings(c) {
				if f.value != value {
					continue
				}
				where := fmt.Sprintf("%s\x00%d\x00%d", c.Path, f.Line, f.Column)
				if seen[where] {
					continue
				}
				seen[where] = true
				if f.allow != "" {
					out.Exempted = fmt.Sprintf("the comment %q in line %d of %s", f.allow, f.Line, s.shown(c.Path))
				}
				if len(out.Places) == maxPlaces {
					out.More++
					continue
				}
				out.add(Place{Commit: step.Commit, Author: s.shown(step.Author), Date: step.Date, Path: s.shown(c.Path), Finding: f.Finding})
			}
		}
	}
	return out, len(out.Places) > 0
}

func (s *Secret) add(p Place) {
	if f := p.Finding; len(s.Places) == 0 || f.Confidence > s.Confidence {
		s.Detector, s.Description, s.Confidence, s.Hint = f.Detector, f.Description, f.Confidence, secret.Hint(f.Secret)
	}
	s.Places = append(s.Places, p)
}

// shown is a name from the repository without the secrets that it may hold. Names recur, and cleaning one takes
// milliseconds.
func (s *search) shown(name string) string {
	text, ok := s.names[name]
	if !ok {
		text = name
		if clean, found := s.o.Engine.Clean(name); len(found) > 0 {
			text = clean
		}
		s.names[name] = text
	}
	return text
}
