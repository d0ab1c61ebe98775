package inventory

import (
	"cmp"
	"encoding/binary"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
)

// Table holds rows of one sort packed: in a quarter of the room of a slice, for rows say the same over and over and leave
// half of their fields open. What it returns are copies that others may hold too: nobody changes them. A Table is for one
// goroutine.
type Table[T any] struct {
	texts  *texts
	fields []packedField
	starts []uint32 // where each row begins in data, and where the last ends
	data   []byte
	groups []*group[T]

	recent map[int]*T // rows that were asked for lately, which neighbours ask for again
}

// recentRows is how many rows a table keeps at hand.
const recentRows = 4096

func newTable[T any](shared *texts) *Table[T] {
	return &Table[T]{texts: shared, fields: packedFields(reflect.TypeFor[T](), nil), starts: []uint32{0}, recent: map[int]*T{}}
}

// Len returns the number of rows.
func (t *Table[T]) Len() int { return len(t.starts) - 1 }

// All lists the rows in the order in which they were added: that of their IDs, where a sorted snapshot was packed.
func (t *Table[T]) All() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range t.Len() {
			if !yield(t.at(i)) {
				return
			}
		}
	}
}

// add packs a row.
func (t *Table[T]) add(row *T) {
	v := reflect.ValueOf(row).Elem()
	for i, f := range t.fields {
		if field := v.FieldByIndex(f.index); !field.IsZero() {
			t.data = append(t.data, byte(i))
			t.data = f.pack(t.data, field, t.texts)
		}
	}
	for _, g := range t.groups {
		g.add(row, t.Len())
	}
	t.starts = append(t.starts, uint32(len(t.data)))
}

// at returns a row by its position.
func (t *Table[T]) at(i int) *T {
	if row := t.recent[i]; row != nil {
		return row
	}
	row := new(T)
	v := reflect.ValueOf(row).Elem()
	for b := t.data[t.starts[i]:t.starts[i+1]]; len(b) > 0; {
		f := &t.fields[b[0]]
		b = b[1+f.unpack(b[1:], v.FieldByIndex(f.index), t.texts):]
	}
	if len(t.recent) == recentRows {
		clear(t.recent)
	}
	t.recent[i] = row
	return row
}

// packedField is a field of a row, and how it is packed. unpack returns how many bytes it took.
type packedField struct {
	index  []int
	pack   func(to []byte, field reflect.Value, shared *texts) []byte
	unpack func(from []byte, field reflect.Value, shared *texts) int
}

// packedFields lists the fields of a type; those of structs inside it stand in its place.
func packedFields(t reflect.Type, inside []int) []packedField {
	var fields []packedField
	for i := range t.NumField() {
		f, index := t.Field(i), append(slices.Clone(inside), i)
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[When]() {
			fields = append(fields, packedFields(f.Type, index)...)
			continue
		}
		p := packingOf(f.Type)
		p.index = index
		fields = append(fields, p)
	}
	return fields
}

func packingOf(t reflect.Type) packedField {
	switch {
	case t == reflect.TypeFor[When]():
		return numeric(
			func(f reflect.Value) uint64 { return uint64(f.Addr().Interface().(*When).n) },
			func(f reflect.Value, n uint64) { f.Addr().Interface().(*When).n = int64(n) })
	case t.Kind() == reflect.String:
		return packedField{
			pack: func(to []byte, f reflect.Value, shared *texts) []byte {
				return binary.AppendUvarint(to, uint64(shared.id(f.String())))
			},
			unpack: func(from []byte, f reflect.Value, shared *texts) int {
				id, n := binary.Uvarint(from)
				f.SetString(shared.text(uint32(id)))
				return n
			},
		}
	case t.Kind() == reflect.Uint8: // a Tri
		return numeric(reflect.Value.Uint, reflect.Value.SetUint)
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return numeric(
			func(f reflect.Value) uint64 { return uint64(f.Int()) },
			func(f reflect.Value, n uint64) { f.SetInt(int64(n)) })
	case t.Kind() == reflect.Float64:
		return numeric(
			func(f reflect.Value) uint64 { return math.Float64bits(f.Float()) },
			func(f reflect.Value, n uint64) { f.SetFloat(math.Float64frombits(n)) })
	case t.Kind() == reflect.Bool: // only yes is packed
		return numeric(func(reflect.Value) uint64 { return 1 }, func(f reflect.Value, n uint64) { f.SetBool(n == 1) })
	}
	return packedField{ // a list or map
		pack: func(to []byte, f reflect.Value, shared *texts) []byte {
			return binary.AppendUvarint(to, uint64(shared.listID(f)))
		},
		unpack: func(from []byte, f reflect.Value, shared *texts) int {
			id, n := binary.Uvarint(from)
			f.Set(shared.lists[id])
			return n
		},
	}
}

func numeric(get func(reflect.Value) uint64, set func(reflect.Value, uint64)) packedField {
	return packedField{
		pack: func(to []byte, f reflect.Value, _ *texts) []byte { return binary.AppendUvarint(to, get(f)) },
		unpack: func(from []byte, f reflect.Value, _ *texts) int {
			number, n := binary.Uvarint(from)
			set(f, number)
			return n
		},
	}
}

// texts keeps one copy of each text of several tables, many in one piece of memory: half a million by themselves take
// twice the room. Lists and maps that rows share are kept once too.
type texts struct {
	pieces []string // but the last one
	last   strings.Builder
	places []textPlace       // by number of the text
	known  map[string]uint32 // numbers of texts, to find those that come again

	lists   []reflect.Value
	listsAt map[listKey]uint32
}

type textPlace struct{ piece, from uint32 } // it ends where the next begins, or its piece ends

type listKey struct {
	of     reflect.Type
	at     uintptr
	length int
}

// pieceSize is how long a piece grows, unless one text alone is longer.
const pieceSize = 1 << 18

func newTexts() *texts {
	return &texts{known: map[string]uint32{}, listsAt: map[listKey]uint32{}}
}

// id returns the number of a text.
func (x *texts) id(text string) uint32 {
	if n, ok := x.known[text]; ok {
		return n
	}
	if x.last.Len() > 0 && x.last.Len()+len(text) > pieceSize {
		x.pieces = append(x.pieces, x.last.String())
		x.last = strings.Builder{}
	}
	if x.last.Len() == 0 {
		x.last.Grow(pieceSize)
	}
	n := uint32(len(x.places))
	x.places = append(x.places, textPlace{uint32(len(x.pieces)), uint32(x.last.Len())})
	x.last.WriteString(text)
	x.known[x.text(n)] = n
	return n
}

func (x *texts) text(n uint32) string {
	at := x.places[n]
	piece := ""
	if int(at.piece) < len(x.pieces) {
		piece = x.pieces[at.piece]
	} else {
		piece = x.last.String()
	}
	if next := int(n) + 1; next < len(x.places) && x.places[next].piece == at.piece {
		return piece[at.from:x.places[next].from]
	}
	return piece[at.from:]
}

// forget gives the room back that finding texts again takes. Texts that come later are kept anew.
func (x *texts) forget() { x.known, x.listsAt = map[string]uint32{}, map[listKey]uint32{} }

// listID returns the number of a list or map. Those that share their memory are one: stores let rows share them.
func (x *texts) listID(v reflect.Value) uint32 {
	key := listKey{v.Type(), v.Pointer(), v.Len()}
	n, ok := x.listsAt[key]
	if !ok {
		n = uint32(len(x.lists))
		// A copy of its own: v is the field of a row that its reader fills anew.
		own := reflect.New(v.Type()).Elem()
		own.Set(v)
		x.listsAt[key], x.lists = n, append(x.lists, own)
	}
	return n
}

// group finds the rows of a table by a text in them. Rows without one are left out: unknown joins nothing.
type group[T any] struct {
	table   *Table[T]
	key     func(*T) string
	entries []groupEntry
	sorted  bool // by text, then as the rows were added
}

type groupEntry struct{ text, row uint32 }

// by adds a group to a table that has no rows yet.
func (t *Table[T]) by(key func(*T) string) *group[T] {
	g := &group[T]{table: t, key: key}
	t.groups = append(t.groups, g)
	return g
}

func (g *group[T]) add(row *T, at int) {
	if key := g.key(row); key != "" {
		g.entries = append(g.entries, groupEntry{g.table.texts.id(key), uint32(at)})
		g.sorted = false
	}
}

// find returns the entries of a text.
func (g *group[T]) find(text string) []groupEntry {
	shared := g.table.texts
	if !g.sorted {
		slices.SortFunc(g.entries, func(a, b groupEntry) int {
			if a.text == b.text {
				return cmp.Compare(a.row, b.row)
			}
			return cmp.Or(cmp.Compare(shared.text(a.text), shared.text(b.text)), cmp.Compare(a.row, b.row))
		})
		g.sorted = true
	}
	at, found := slices.BinarySearchFunc(g.entries, text, func(e groupEntry, text string) int { return cmp.Compare(shared.text(e.text), text) })
	if !found {
		return nil
	}
	end := at + 1
	for end < len(g.entries) && (g.entries[end].text == g.entries[at].text || shared.text(g.entries[end].text) == text) {
		end++
	}
	return g.entries[at:end]
}

// of returns the rows with this text, as they were added.
func (g *group[T]) of(text string) []*T {
	entries := g.find(text)
	if len(entries) == 0 {
		return nil
	}
	rows := make([]*T, len(entries))
	for i, e := range entries {
		rows[i] = g.table.at(int(e.row))
	}
	return rows
}

// last returns the row with this text that was added last, or nil.
func (g *group[T]) last(text string) *T {
	entries := g.find(text)
	if len(entries) == 0 {
		return nil
	}
	return g.table.at(int(entries[len(entries)-1].row))
}

// texts lists the different texts, sorted.
func (g *group[T]) texts() iter.Seq[string] {
	return func(yield func(string) bool) {
		g.find("") // sorts
		last := ""
		for _, e := range g.entries {
			if text := g.table.texts.text(e.text); text != last {
				last = text
				if !yield(text) {
					return
				}
			}
		}
	}
}
