package gate

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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
		text, ok := plain(content)
		if !ok {
			s.skip(paths[id][0], "binary", false)
			return nil
		}
		for _, path := range paths[id] {
			s.keep(id, path, text, s.o.Engine.Scan(path, text))
		}
		return nil
	})
}

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
		text, _ := plain(content)
		standing := s.needles.count(text)
		for _, path := range paths[id] {
			s.counted[s.at(id, path)] = s.occurrences(path, text, standing)
		}
		return nil
	})
}

// occurrences is how often a text holds each value: as it is written, or, where some value was found in another form,
// as the engine reads it if that is more.
func (s *search) occurrences(path string, text []byte, standing map[int]int) map[int]int {
	if !s.encoded {
		return standing
	}
	found := map[int]int{}
	for _, f := range s.o.Engine.Scan(path, text) {
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

// plain returns a content as text: UTF-16 with a byte order mark becomes UTF-8; ok is false for what is binary.
func plain(content []byte) (text []byte, ok bool) {
	const sample = 8 << 10 // as git itself looks for a NUL
	big := bytes.HasPrefix(content, []byte{0xfe, 0xff})
	if big || bytes.HasPrefix(content, []byte{0xff, 0xfe}) {
		units := make([]uint16, 0, len(content)/2)
		for i := 2; i+1 < len(content); i += 2 {
			lo, hi := content[i], content[i+1]
			if big {
				lo, hi = hi, lo
			}
			units = append(units, uint16(lo)|uint16(hi)<<8)
		}
		return []byte(string(utf16.Decode(units))), true
	}
	return content, bytes.IndexByte(content[:min(len(content), sample)], 0) < 0
}
