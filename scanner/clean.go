package scanner

import (
	"strings"
	"sync"

	"nhiscan/inventory"
	"nhiscan/scanner/detect"
)

// maxText bounds a stored text in bytes. GitLab's own limits lie below it for all but a few descriptions.
const maxText = 32 << 10

// cleaned makes text fit to be stored, as the detector's Clean does, and goes over its words once more each on its
// own: many rules ask for a quote, a space or the end behind a value, which a path, a list or a sentence need not have.
func (v *Visit) cleaned(text string) (string, []detect.Finding) {
	if v.run.plain.has(text) {
		return text, nil
	}
	out, found := v.cleanWhole(text)
	if out == text && len(found) == 0 {
		v.run.plain.add(text)
	}
	return out, found
}

// plainTexts are short texts in which nothing was found: names and paths recur from home to home. It holds no secret,
// for what holds one is never added. The zero value is ready.
type plainTexts struct {
	mu   sync.Mutex
	seen map[string]bool
}

const (
	maxPlain      = 20_000
	maxPlainBytes = 200
)

func (p *plainTexts) has(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[text]
}

func (p *plainTexts) add(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	if len(text) <= maxPlainBytes && len(p.seen) < maxPlain {
		p.seen[strings.Clone(text)] = true
	}
}

func (v *Visit) cleanWhole(text string) (string, []detect.Finding) {
	out, found := v.Engine().Clean(text)
	if len(out) > maxText {
		out = strings.ToValidUTF8(out[:maxText], "") + "…"
	}
	for _, ends := range []string{"/\\ ", "/\\ \t\r\n.,;:@=&?!()[]{}<>|\"'`"} {
		out = v.cleanWords(out, ends)
	}
	return out, found
}

// minAlone is the shortest value, in bytes, that a detector knows without what stands around it.
const minAlone = 16

// cleanWords cleans every part of text between any of the ends.
func (v *Visit) cleanWords(text, ends string) string {
	var b strings.Builder
	clean := func(word string) {
		if len(word) >= minAlone {
			word, _ = v.Engine().Clean(word)
		}
		b.WriteString(word)
	}
	from := 0
	for i := range len(text) {
		if strings.IndexByte(ends, text[i]) >= 0 {
			clean(text[from:i])
			b.WriteByte(text[i])
			from = i + 1
		}
	}
	clean(text[from:])
	return b.String()
}

// printable makes text from a repository or pipeline fit to be kept: values become "[secret]", what does not print
// becomes an escape, and what is beyond max characters is cut.
func (v *Visit) printable(text string, max int) string {
	text, _ = v.cleaned(text)
	shown := inventory.Printable(text, max)
	if shown != text {
		shown, _ = v.cleaned(shown) // an escape may have joined what stood apart
	}
	return shown
}
