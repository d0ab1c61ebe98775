package gate

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Baseline is the list of accepted secrets, without their values: a file of one JSON object a line, the first with the
// salt, each other one an entry, sorted. A value is bound by its argon2id hash with the file's salt, so that no key is
// needed to check it and a guess is slow; one under 8 characters by its path and detector. Lines that begin with # are
// comments.
type Baseline struct {
	name    string
	p       parameters
	entries []entry
}

const (
	baselineSchema = "nhi-scan/baseline/1"
	maxEntries     = 20_000
	hashSize       = 32 // bytes
	saltSize       = 16 // bytes; RFC 9106, section 3.1
)

// parameters are those of argon2id. The default is OWASP's second choice: 19 MiB, two passes, some 30 ms for a value.
// Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id
type parameters struct {
	Memory  uint32 `json:"memory_kib"`
	Time    uint32 `json:"time"`
	Threads uint8  `json:"threads"`
	salt    []byte
}

type header struct {
	Schema   string     `json:"schema"`
	Argon2id parameters `json:"argon2id"`
	Salt     string     `json:"salt"`
}

type entry struct {
	Hash     string `json:"hash,omitempty"`
	Bound    string `json:"bound,omitempty"` // "place" for a value under 8 characters
	Path     string `json:"path"`            // where it was accepted; binds only what is bound to its place
	Detector string `json:"detector"`        // as Path
	Owner    string `json:"owner"`
	Reason   string `json:"reason"`
	Added    string `json:"added,omitempty"` // a date, as Until
	Until    string `json:"until"`           // the last day on which it counts, in UTC

	line  int
	until time.Time
}

// NewBaseline returns an empty baseline with a salt, of at least 16 random bytes.
func NewBaseline(name string, salt []byte) *Baseline {
	return &Baseline{name: name, p: parameters{Memory: 19 << 10, Time: 2, Threads: 1, salt: salt}}
}

// Problem is a line of a file of exceptions that accepts nothing.
type Problem struct {
	File string
	Line int
	Text string
}

func (p Problem) Error() string { return fmt.Sprintf("%s, line %d: %s", p.File, p.Line, p.Text) }

// ParseBaseline reads a baseline. Lines that are no entry, or lack a part, are left out and told; without a valid first
// line there are no entries.
func ParseBaseline(name string, text []byte) (*Baseline, []Problem) {
	b := &Baseline{name: name}
	var problems []Problem
	wrong := func(line int, err error) { problems = append(problems, Problem{name, line, err.Error()}) }
	number, headed := 0, false
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if !headed {
			headed = true
			if err := b.readHeader(line); err != nil {
				wrong(number, err)
				return b, problems
			}
			continue
		}
		e, err := readEntry(line)
		e.line = number
		if err == nil && len(b.entries) == maxEntries {
			err = fmt.Errorf("more than %d entries", maxEntries)
		}
		if err != nil {
			wrong(number, err)
			if len(problems) == 100 {
				break
			}
			continue
		}
		b.entries = append(b.entries, e)
	}
	return b, problems
}

func (b *Baseline) readHeader(line []byte) error {
	var h header
	if err := strictly(line, &h); err != nil {
		return err
	}
	if h.Schema != baselineSchema {
		return fmt.Errorf("schema is %q, want %q", cut(h.Schema), baselineSchema)
	}
	salt, err := hex.DecodeString(h.Salt)
	if err != nil || len(salt) < saltSize || len(salt) > 64 {
		return fmt.Errorf("salt: want %d to 128 hexadecimal digits", 2*saltSize)
	}
	// A file must not decide how long a check takes, nor make its hashes easy to guess.
	p := h.Argon2id
	if p.Memory < 8<<10 || p.Memory > 128<<10 || p.Time < 1 || p.Time > 8 || p.Threads < 1 || p.Threads > 4 {
		return errors.New("argon2id: want memory_kib of 8192 to 131072, time of 1 to 8, threads of 1 to 4")
	}
	b.p = p
	b.p.salt = salt
	return nil
}

func readEntry(line []byte) (entry, error) {
	var e entry
	if err := strictly(line, &e); err != nil {
		return e, err
	}
	var err error
	for _, part := range []struct{ name, text string }{{"owner", e.Owner}, {"reason", e.Reason}, {"until", e.Until}} {
		if strings.TrimSpace(part.text) == "" {
			return e, fmt.Errorf("%s is missing", part.name)
		}
	}
	switch raw, hexErr := hex.DecodeString(e.Hash); {
	case e.Bound == "place" && e.Hash == "" && e.Path != "" && e.Detector != "":
	case e.Bound != "" || hexErr != nil || len(raw) != hashSize:
		return e, fmt.Errorf(`want a "hash" of %d hexadecimal digits, or "bound": "place" with path and detector`, 2*hashSize)
	}
	e.until, err = ParseDay(e.Until)
	if err != nil {
		return e, fmt.Errorf("until: %w", err)
	}
	return e, nil
}

// ParseDay reads a date like 2027-01-31, in UTC.
func ParseDay(text string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, fmt.Errorf("%q: want a date like 2027-01-31", cut(text))
	}
	return day, nil
}

// strictly decodes one JSON object without unknown keys.
func strictly(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("want one JSON object: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("want one JSON object, and nothing behind it")
	}
	return nil
}

func cut(s string) string { return s[:min(len(s), 40)] }

// Add puts an entry for a secret in, in place of one that binds the same.
func (b *Baseline) Add(s Secret, owner, reason string, added, until time.Time) {
	e := entry{
		Path: s.Places[0].Path, Detector: s.Detector, Owner: owner, Reason: reason,
		Added: added.UTC().Format(time.DateOnly), Until: until.Format(time.DateOnly), until: until,
	}
	if short(s.value) {
		e.Bound = "place"
	} else {
		e.Hash = b.p.hash(s.value)
	}
	b.entries = slices.DeleteFunc(b.entries, func(old entry) bool {
		return old.Hash == e.Hash && (e.Hash != "" || old.Path == e.Path && old.Detector == e.Detector)
	})
	b.entries = append(b.entries, e)
}

// Text is the file, sorted so that equal entries are written equally and merges of two branches seldom conflict.
func (b *Baseline) Text() []byte {
	var out bytes.Buffer
	out.WriteString("# Secrets that are accepted, without their values, one a line: see `nhi-scan gate --help`. It counts as it stands at the merge base.\n")
	write := func(v any) {
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		_ = e.Encode(v) // plain structs into memory cannot fail
	}
	write(header{baselineSchema, b.p, hex.EncodeToString(b.p.salt)})
	entries := slices.Clone(b.entries)
	slices.SortFunc(entries, func(x, y entry) int {
		return cmp.Or(cmp.Compare(x.Hash, y.Hash), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Detector, y.Detector))
	})
	for _, e := range entries {
		write(e)
	}
	return out.Bytes()
}

// Holds reports whether an entry that has not expired binds a secret.
func (b *Baseline) Holds(s Secret, today time.Time) bool {
	by := b.find(s, today)
	return by != nil && !by.Expired
}

// find returns the entry that binds a secret: one that still counts, else one that has expired, else nil.
func (b *Baseline) find(s Secret, today time.Time) *Exception {
	if len(b.entries) == 0 {
		return nil
	}
	hash := ""
	if !short(s.value) {
		hash = b.p.hash(s.value)
	}
	var best *Exception
	for _, e := range b.entries {
		if hash != "" && e.Hash != hash || hash == "" && !e.isPlaceOf(s) {
			continue
		}
		x := e.exception(b.name, today)
		if best == nil || best.Expired && !x.Expired {
			best = &x
		}
	}
	return best
}

func (e entry) isPlaceOf(s Secret) bool {
	return e.Bound == "place" && !slices.ContainsFunc(s.Places, func(p Place) bool { return p.Path != e.Path || p.Finding.Detector != e.Detector })
}

func (e entry) exception(name string, today time.Time) Exception {
	return Exception{By: name, Line: e.line, Owner: e.Owner, Reason: e.Reason, Until: e.until, Expired: e.expired(today)}
}

// expired reports whether the last day is over, in UTC.
func (e entry) expired(today time.Time) bool { return !today.Before(e.until.AddDate(0, 0, 1)) }
