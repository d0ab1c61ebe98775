package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestHunt holds the search itself: it finds a mark in every spelling, and nothing where there is none.
func TestHunt(t *testing.T) {
	m := &marks{places: map[string]string{}}
	value := m.token("the test")
	for _, c := range []struct {
		name, text string
		told       bool
	}{
		{"the_value", "x" + value + "y", true},
		{"a_piece", value[8:20], true},
		{"hexadecimal", hex.EncodeToString([]byte(value)), true},
		{"base64", base64.StdEncoding.EncodeToString([]byte(value)), true},
		{"base64_after_one_byte", base64.StdEncoding.EncodeToString([]byte(":" + value)), true},
		{"base64_after_two_bytes", base64.URLEncoding.EncodeToString([]byte("x:" + value)), true},
		{"public_prefix", "glpat-…", false},
		{"another_value", "glpat-abcdefghijklmnopqrst", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHunt(t, m)
			if told := h.find([]byte(c.text)) != ""; told != c.told {
				t.Errorf("find(%q) = %v, want %v", c.text, told, c.told)
			}
		})
	}
}

// windowSize is the shortest piece of a mark that counts as told.
const windowSize = 12

// hunt looks for pieces of marks.
type hunt struct {
	t       *testing.T
	windows map[string]string // piece to place
	begins  []bool            // by the hash of the first four bytes of a piece: most bytes begin none
	told    map[string]bool
	looked  int
}

func newHunt(t *testing.T, m *marks) *hunt {
	h := &hunt{t: t, windows: map[string]string{}, begins: make([]bool, 1<<16), told: map[string]bool{}}
	for value, place := range m.places {
		// A prefix such as "glpat-" is public, and is all that a hint shows: a piece is longer than any of them.
		h.add(place, value)
		h.add(place+", URL-encoded", url.QueryEscape(value))
		h.add(place+", in hexadecimal", hex.EncodeToString([]byte(value[windowSize/2:])))
		for offset := range 3 {
			for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				text := enc.EncodeToString([]byte(strings.Repeat("\x00", offset) + value))
				h.add(fmt.Sprintf("%s, in base64 (%d)", place, offset), text[4:len(text)-3])
			}
		}
	}
	return h
}

// find returns the place of the first mark that data tells, or nothing.
func (h *hunt) find(data []byte) string {
	for i := 0; i+windowSize <= len(data); i++ {
		if place, ok := h.at(data, i); ok {
			return place
		}
	}
	return ""
}

// at returns the place of the mark that a piece at i belongs to.
func (h *hunt) at(data []byte, i int) (place string, ok bool) {
	if !h.begins[beginning(data[i:])] {
		return "", false
	}
	place, ok = h.windows[string(data[i:i+windowSize])]
	return place, ok
}

func (h *hunt) add(place, text string) {
	for i := 0; i+windowSize <= len(text); i++ {
		piece := text[i : i+windowSize]
		if _, ok := h.windows[piece]; !ok {
			h.windows[piece], h.begins[beginning([]byte(piece))] = place, true
		}
	}
}

func beginning(b []byte) uint16 {
	n := binary.LittleEndian.Uint32(b) * 2654435761 // Knuth's multiplicative hash
	return uint16(n >> 16)
}

// look reports each place whose mark is told, once for each thing that tells it.
func (h *hunt) look(where string, data []byte) {
	h.looked += len(data)
	for i := 0; i+windowSize <= len(data); i++ {
		place, ok := h.at(data, i)
		if !ok || h.told[where+place] {
			continue
		}
		h.told[where+place] = true
		if len(h.told) <= 100 {
			h.t.Errorf("%s tells the secret in %s: …%q…", where, place, data[max(0, i-60):min(len(data), i+windowSize+20)])
		}
	}
}

func (h *hunt) output(where string, r result) {
	h.t.Helper()
	if r.code != 0 && r.code != exitIncomplete {
		h.t.Fatalf("%s: exit status %d\n%s", where, r.code, r.stderr)
	}
	h.look(where+", stdout", []byte(r.stdout))
	h.look(where+", stderr", []byte(r.stderr))
}
