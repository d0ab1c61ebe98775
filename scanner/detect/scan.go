package detect

import "bytes"

const (
	pieceSize   = 1 << 20  // bytes of core per piece
	pieceBefore = 4 << 10  // context, for word boundaries and the start of a match that began earlier
	pieceAfter  = 64 << 10 // the longest match that may run past the core
)

// Scan returns the secrets in a file's content, sorted by offset, then detector. Path decides which rules apply; it
// may be empty. Contents over 1 MB are matched in overlapping pieces: there a secret of over 64 kB that crosses a
// border may be missed, and a rule applies only where its keyword is in the same piece.
func (e *Engine) Scan(path string, content []byte) []Finding {
	return findings(content, e.scored(path, content))
}

// hits returns what the catalogue and the own detectors find, before precedence is settled.
func (e *Engine) hits(path string, content []byte) []hit {
	hits, _ := e.located(path, content)
	return hits
}

// located returns the hits, and the offsets at which the names of assignments may stand, ascending.
func (e *Engine) located(path string, content []byte) (hits []hit, names []int) {
	skip := pathAllowed(e.catalogue.global, path)
	if skip && !vendored(path) {
		return nil, nil
	}
	var rules, own []hit
	for at := 0; at == 0 || at < len(content); at += pieceSize {
		w := window{
			path: path, content: content,
			from: max(0, at-pieceBefore), to: min(len(content), at+pieceSize+pieceAfter),
			coreFrom: at, core: min(len(content), at+pieceSize),
		}
		if w.to == len(content) {
			w.core = len(content) // no use in another piece for the rest
		}
		r, o, n := e.piece(w)
		rules, own, names = append(rules, r...), append(own, o...), append(names, n...)
		if w.core == len(content) {
			break
		}
	}
	if skip { // of others' code the catalogue says nothing; its configuration is read all the same
		return nil, names
	}
	return append(dropGeneric(content, rules), own...), names
}

func (e *Engine) piece(w window) (rules, own []hit, names []int) {
	text := w.content[w.from:w.to]
	seen := make([]bool, len(e.catalogue.keywords))
	var at []located
	e.literals.find(text, func(id, start int) {
		if id < len(seen) {
			seen[id] = true
		} else if start += w.from; start >= w.coreFrom && start < w.core {
			at = append(at, located{id - len(seen), start})
		}
	})
	e.foldedKeywords(text, seen)
	for _, l := range at {
		if l.literal > len(e.gitlab.types) {
			names = append(names, l.start)
			continue
		}
		if h, ok := e.ownHit(w.content, l); ok {
			own = append(own, h)
		}
	}
	return e.catalogue.search(w, seen), own, names
}

// located is an own literal and where it begins.
type located struct{ literal, start int }

func (e *Engine) ownHit(content []byte, l located) (hit, bool) {
	if l.literal == len(e.gitlab.types) {
		return urlCredentials(content, l.start)
	}
	return e.gitlab.token(content, l)
}

// foldedKeywords finds the keywords that appear only after Unicode folding, which gitleaks does: the Kelvin sign is a
// "k" to it, the dotted capital I an "i".
func (e *Engine) foldedKeywords(text []byte, seen []bool) {
	if !bytes.Contains(text, []byte("\u212a")) && !bytes.Contains(text, []byte("\u0130")) && !e.catalogue.foreign(text) {
		return
	}
	e.literals.find(bytes.ToLower(text), func(id, _ int) {
		if id < len(seen) {
			seen[id] = true
		}
	})
}

// foreign reports whether a keyword is not ASCII and text is not either.
func (c *catalogue) foreign(text []byte) bool {
	notASCII := func(r rune) bool { return r > 0x7f }
	for _, k := range c.keywords {
		if bytes.IndexFunc([]byte(k), notASCII) >= 0 {
			return bytes.IndexFunc(text, notASCII) >= 0
		}
	}
	return false
}
