// Package secret holds the one type that may carry a secret's value, and turns values into keyed fingerprints.
package secret

import (
	"database/sql/driver"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// shown is what every formatter prints in place of a value.
const shown = "[secret]"

// ErrRefused is what encoders get when they are handed a Value.
var ErrRefused = errors.New("a secret value is never encoded")

// Value is the value of a credential. fmt, slog and templates print "[secret]"; JSON, XML, gob, text and SQL
// refuse it. The zero Value is empty. The bytes sit behind a pointer, for fmt calls no methods on unexported
// fields of other structs and would print them there. The pointer is to a string: one to a slice or struct, fmt follows
// when the verb does not fit.
type Value struct{ p *string }

// New takes the bytes of s.
func New(s string) Value {
	s = strings.Clone(s) // a part of a file would keep all of it in memory
	return Value{&s}
}

// Reveal returns the value itself. Only two sorts of caller may use it: a request being built and a matcher;
// a test lists them.
func (v Value) Reveal() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

// Len returns the length in bytes.
func (v Value) Len() int {
	if v.p == nil {
		return 0
	}
	return len(*v.p)
}

// Format implements fmt.Formatter for every verb.
func (Value) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(shown)) }

// String implements fmt.Stringer, which templates use.
func (Value) String() string { return shown }

// GoString implements fmt.GoStringer.
func (Value) GoString() string { return shown }

// LogValue implements slog.LogValuer.
func (Value) LogValue() slog.Value { return slog.StringValue(shown) }

// MarshalJSON refuses.
func (Value) MarshalJSON() ([]byte, error) { return nil, ErrRefused }

// MarshalText refuses.
func (Value) MarshalText() ([]byte, error) { return nil, ErrRefused }

// MarshalXML refuses.
func (Value) MarshalXML(*xml.Encoder, xml.StartElement) error { return ErrRefused }

// MarshalBinary refuses.
func (Value) MarshalBinary() ([]byte, error) { return nil, ErrRefused }

// GobEncode refuses.
func (Value) GobEncode() ([]byte, error) { return nil, ErrRefused }

// Value implements driver.Valuer and refuses.
func (Value) Value() (driver.Value, error) { return nil, ErrRefused }
