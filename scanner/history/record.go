package history

import (
	"slices"
	"strconv"
	"strings"
)

// Results are kept as fields of text, each with a mark behind it. JSON took most of the time of a run that has all
// results already: a history may hold tens of thousands of findings, nearly all of little confidence.

// endOfField stands behind each field; inside one it is escaped, as are newlines, for results of contents are lines.
const endOfField = '\x1f'

var (
	escapeField   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, string(endOfField), `\f`)
	unescapeField = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\f`, string(endOfField))
)

// recordWriter writes fields.
type recordWriter struct{ text []byte }

func (w *recordWriter) string(s string) {
	if strings.ContainsAny(s, "\\\n\x1f") {
		s = escapeField.Replace(s)
	}
	w.text = append(append(w.text, s...), endOfField)
}

func (w *recordWriter) int(n int) {
	w.text = append(strconv.AppendInt(w.text, int64(n), 10), endOfField)
}

func (w *recordWriter) finding(f Finding) {
	w.string(f.Detector)
	w.string(f.Title)
	for _, n := range []int{f.Line, f.Column, f.EndLine, f.EndColumn} {
		w.int(n)
	}
	w.text = append(strconv.AppendFloat(w.text, f.Confidence, 'g', -1, 64), endOfField)
	w.string(f.Hint)
	w.string(f.Fingerprint)
	w.int(len(f.Reasons))
	for _, reason := range f.Reasons {
		w.string(reason)
	}
}

// recordReader reads what recordWriter wrote. Its strings are parts of the text. Once something is not as it was
// written, broken is set and what is read means nothing.
type recordReader struct {
	text    string
	broken  bool
	reasons map[string][]string // by their text: tens of thousands of findings have some hundred lists of reasons
}

func (r *recordReader) string() string {
	field, rest, ok := strings.Cut(r.text, string(endOfField))
	r.broken = r.broken || !ok
	r.text = rest
	if strings.IndexByte(field, '\\') >= 0 {
		field = unescapeField.Replace(field)
	}
	return field
}

func (r *recordReader) int() int {
	n, err := strconv.Atoi(r.string())
	r.broken = r.broken || err != nil
	return n
}

// count reads how many records follow, each of which has a byte at least.
func (r *recordReader) count() int {
	n := r.int()
	if n < 0 || n > len(r.text) {
		n, r.broken = 0, true
	}
	return n
}

func (r *recordReader) finding() (f Finding) {
	f.Detector, f.Title = r.string(), r.string()
	f.Line, f.Column, f.EndLine, f.EndColumn = r.int(), r.int(), r.int(), r.int()
	confidence, err := strconv.ParseFloat(r.string(), 64)
	r.broken = r.broken || err != nil
	f.Confidence = confidence
	f.Hint, f.Fingerprint = r.string(), r.string()
	f.Reasons = r.reasonList(r.count())
	return f
}

func (r *recordReader) reasonList(n int) []string {
	end := 0
	for range n {
		field := strings.IndexByte(r.text[end:], endOfField)
		if field < 0 {
			r.broken = true
			return nil
		}
		end += field + 1
	}
	text, rest := r.text[:end], r.text[end:]
	list, known := r.reasons[text]
	if !known {
		for range n {
			list = append(list, r.string())
		}
		if r.reasons == nil {
			r.reasons = map[string][]string{}
		}
		r.reasons[text] = list
	}
	r.text = rest
	return slices.Clip(list) // who appends to it makes one of their own
}

func writeFindings(found []Finding) string {
	var w recordWriter
	for _, f := range found {
		w.finding(f)
	}
	return string(w.text)
}

// readFindings shares the lists of reasons in reasons.
func readFindings(text string, reasons map[string][]string) (found []Finding, ok bool) {
	r := recordReader{text: text, reasons: reasons}
	for r.text != "" && !r.broken {
		found = append(found, r.finding())
	}
	return found, !r.broken
}

// recordEnd is the last field of a result: one that was cut short lacks it.
const recordEnd = "end"

func writeResult(result *Result) []byte {
	w := recordWriter{make([]byte, 0, 4096+400*len(result.Places))} // a place takes some 350 bytes
	w.int(result.Blobs)
	w.int(int(result.Bytes))
	w.int(len(result.Skipped))
	for _, s := range result.Skipped {
		w.string(s.Path)
		w.string(s.Reason)
		w.string(strconv.FormatBool(s.Unread))
	}
	w.int(len(result.Places))
	for _, p := range result.Places {
		w.finding(p.Finding)
		for _, s := range []string{p.Path, p.Commit, p.Author, p.Date} {
			w.string(s)
		}
	}
	w.string(recordEnd)
	return w.text
}

// readResult returns nil for what writeResult did not write.
func readResult(text string) *Result {
	r := recordReader{text: text}
	result := &Result{Blobs: r.int(), Bytes: int64(r.int())}
	for range r.count() {
		result.Skipped = append(result.Skipped, Skipped{r.string(), r.string(), r.string() == "true"})
	}
	places := r.count()
	result.Places = make([]Place, 0, min(places, maxPlaces))
	for range places {
		if r.broken {
			return nil
		}
		result.Places = append(result.Places, Place{r.finding(), r.string(), r.string(), r.string(), r.string()})
	}
	if r.string() != recordEnd || r.broken {
		return nil
	}
	return result
}
