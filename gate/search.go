package gate

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
)

// search is one Check under way.
type search struct {
	repo   Repository
	change Change
	o      Options
	result Result

	found   map[blobAt][]hit  // those that count
	kept    int               // findings in found
	texts   []secret.Value    // the values found, each once
	values  map[string]int    // their numbers, by key
	encoded bool              // one of them does not stand in its content as it is
	classes map[string]string // of paths
	names   map[string]string // as they are shown
	// counted is how often blobs hold the values, by number; those with none have an empty map.
	counted map[blobAt]map[int]int
	needles *needles
}

// blobAt is a content as the rules for its path see it.
type blobAt struct{ blob, class string }

// hit is a finding of a content that the change adds.
type hit struct {
	detect.Finding
	value int    // its number in search.texts
	allow string // the allow comment beside it, or empty
}

func (s *search) at(blob, path string) blobAt { return blobAt{blob, s.class(path)} }

func (s *search) class(path string) string {
	class, ok := s.classes[path]
	if !ok {
		class = s.o.Engine.PathClass(path)
		s.classes[path] = class
	}
	return class
}

// addTakenOver adds to the last step what its tree has beyond the base's and no step changes.
func (s *search) addTakenOver(ctx context.Context) error {
	isMerge := func(step Step) bool { return len(step.Parents) > 1 }
	if !s.change.Whole || !slices.ContainsFunc(s.change.Steps, isMerge) {
		return nil
	}
	has := map[string]bool{}
	for _, step := range s.change.Steps {
		for _, c := range step.Changes {
			has[c.New+"\x00"+c.Path] = true
		}
	}
	steps := slices.Clone(s.change.Steps)
	last := &steps[len(steps)-1]
	s.change.Steps = steps
	return s.repo.Compare(ctx, s.change.Base, []string{last.Tree}, func(_ string, changes []Changed) error {
		last.Changes = slices.Concat(last.Changes, slices.DeleteFunc(changes, func(c Changed) bool { return c.New == "" || has[c.New+"\x00"+c.Path] }))
		return nil
	})
}

// readAdded searches every content that the change adds.
func (s *search) readAdded(ctx context.Context) error {
	paths := map[string][]string{} // of a blob, one for each path class
	var ids []string
	for _, step := range s.change.Steps {
		for _, c := range step.Changes {
			if c.New == "" {
				continue
			}
			s.result.Scanned.Files++
			known, class := paths[c.New], s.class(c.Path)
			if known == nil {
				ids = append(ids, c.New)
			}
			if !slices.ContainsFunc(known, func(p string) bool { return s.class(p) == class }) {
				paths[c.New] = append(known, c.Path)
			}
		}
	}
	s.result.Scanned.Commits = len(s.change.Steps)
	return s.repo.Contents(ctx, ids, s.o.MaxBlob, func(id string, content []byte, skipped string) error {
		if skipped != "" {
			s.skip(paths[id][0], skipped, true)
			return nil
		}
		s.result.Scanned.Blobs++
		s.result.Scanned.Bytes += int64(len(content))
		text, binary := plain(content)
		for _, path := range paths[id] {
			if why := s.inPart(path, binary); why != "" {
				s.skip(path, why, false)
			}
			s.keep(id, path, text, s.scan(path, text, binary))
		}
		return nil
	})
}

// sure is the confidence from which on a finding counts even where most of what looks like a secret is none.
const sure = 0.8

// scan finds the secrets in a content. Whoever makes a change chooses the names of its files, and one byte makes a text
// binary: neither hides a value that is known by its form.
func (s *search) scan(path string, text []byte, binary bool) []detect.Finding {
	if s.inPart(path, binary) == "" {
		return s.o.Engine.Scan(path, text)
	}
	if s.leftOut(path) {
		path = ""
	}
	return slices.DeleteFunc(s.o.Engine.Scan(path, text), func(f detect.Finding) bool { return f.Confidence < sure })
}

// inPart says why only sure findings of a content count; empty where all do.
func (s *search) inPart(path string, binary bool) string {
	switch {
	case binary:
		return "binary: only what is sure by its form counts"
	case s.leftOut(path):
		return "a name that the catalogue leaves out: only what is sure by its form counts"
	}
	return ""
}

// leftOut reports whether the built-in catalogue leaves files of this name out: lock files, pictures. What rules of the
// caller's own leave out stays so.
func (s *search) leftOut(path string) bool { return !s.o.OwnRules && s.class(path) == "skip" }

const maxSkipped = 1000

func (s *search) skip(path, reason string, counts bool) {
	path = s.shown(path)
	if len(s.result.Scanned.Skipped) < maxSkipped {
		s.result.Scanned.Skipped = append(s.result.Scanned.Skipped, Skipped{path, reason})
	}
	if counts && len(s.result.Incomplete) < maxSkipped {
		s.result.Incomplete = append(s.result.Incomplete, fmt.Sprintf("%s was not searched: %s", path, reason))
	}
}

func (s *search) keep(blob, path string, text []byte, all []detect.Finding) {
	for _, f := range all {
		if f.Confidence < s.o.MinConfidence {
			continue
		}
		if s.kept++; s.kept > maxFindings {
			if s.kept == maxFindings+1 {
				s.result.Incomplete = append(s.result.Incomplete, fmt.Sprintf("more than %d findings", maxFindings))
			}
			return
		}
		k := key(f.Secret)
		value, ok := s.values[k]
		if !ok {
			value = len(s.texts)
			s.values[k] = value
			s.texts = append(s.texts, f.Secret)
		}
		at := s.at(blob, path)
		s.found[at] = append(s.found[at], hit{f, value, allowComment(text, f)})
		s.encoded = s.encoded || !standsAlone(text, f.Start, f.End) || string(text[f.Start:f.End]) != k
	}
}

// findings are those that count in a changed file.
func (s *search) findings(c Changed) []hit {
	if c.New == "" {
		return nil
	}
	return s.found[s.at(c.New, c.Path)]
}

// countChanges counts the values in both sides of every step that has findings.
func (s *search) countChanges(ctx context.Context) error {
	s.needles = newNeedles(s.texts)
	var all []Changed
	for _, step := range s.change.Steps {
		if slices.ContainsFunc(step.Changes, func(c Changed) bool { return len(s.findings(c)) > 0 }) {
			all = append(all, step.Changes...)
		}
	}
	return s.count(ctx, all)
}

// count counts the values in both sides of the changes, as far as that has not been done.
func (s *search) count(ctx context.Context, changes []Changed) error {
	paths := map[string][]string{}
	var ids []string
	add := func(blob, path string) {
		at := s.at(blob, path)
		if _, done := s.counted[at]; done || blob == "" {
			return
		}
		s.counted[at] = nil
		if paths[blob] == nil {
			ids = append(ids, blob)
		}
		paths[blob] = append(paths[blob], path)
	}
	for _, c := range changes {
		add(c.New, c.Path)
		for _, old := range c.Old {
			add(old, c.Path)
		}
	}
	return s.repo.Contents(ctx, ids, s.o.MaxBlob, func(id string, content []byte, skipped string) error {
		if skipped != "" {
			// A content that the change adds has been reported by readAdded. One that it replaces could only make less
			// new, so what is missing there hides nothing.
			return nil
		}
		text, binary := plain(content)
		standing := s.needles.count(text)
		for _, path := range paths[id] {
			s.counted[s.at(id, path)] = s.occurrences(path, text, binary, standing)
		}
		return nil
	})
}

// occurrences is how often a text holds each value: as it is written, or, where some value was found in another form,
// as the engine reads it if that is more.
func (s *search) occurrences(path string, text []byte, binary bool, standing map[int]int) map[int]int {
	if !s.encoded {
		return standing
	}
	found := map[int]int{}
	for _, f := range s.scan(path, text, binary) {
		if n, ok := s.values[key(f.Secret)]; ok {
			found[n]++
		}
	}
	for n, times := range standing {
		found[n] = max(found[n], times)
	}
	return found
}

// counts is how often a blob holds the values, by number.
func (s *search) counts(blob, path string) map[int]int {
	if blob == "" {
		return nil
	}
	return s.counted[s.at(blob, path)]
}

// plain returns a content as text: UTF-16 becomes UTF-8. It is binary when a NUL is among its first 8 KB, as git has it,
// and with it more than stands in a text to which somebody has added a few.
func plain(content []byte) (text []byte, binary bool) {
	head := content[:min(len(content), 8<<10)]
	if big, ok := wide(head); ok {
		units := make([]uint16, 0, len(content)/2)
		for i := 0; i+1 < len(content); i += 2 {
			lo, hi := content[i], content[i+1]
			if big {
				lo, hi = hi, lo
			}
			units = append(units, uint16(lo)|uint16(hi)<<8)
		}
		return []byte(strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")), false
	}
	odd := 0
	for _, c := range head {
		if c < ' ' && !bytes.ContainsRune([]byte("\t\n\v\f\r\x1b"), rune(c)) {
			odd++
		}
	}
	return content, bytes.IndexByte(head, 0) >= 0 && odd*32 > len(head)
}

// wide reports whether a content is UTF-16, and with the high byte first: by its mark, or because nearly every second
// byte is a NUL and none between is.
func wide(head []byte) (big, ok bool) {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return false, true
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return true, true
	}
	var nul [2]int
	for i, c := range head {
		if c == 0 {
			nul[i%2]++
		}
	}
	most := nul[0]+nul[1] > 0 && (nul[0]+nul[1])*20 >= len(head)*9
	return nul[1] == 0, most && (nul[0] == 0 || nul[1] == 0)
}
