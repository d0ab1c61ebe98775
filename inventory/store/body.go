package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"nhiscan/inventory"
)

// row is an observation as the database holds it.
type row struct {
	kind     inventory.RowKind
	id       string
	home     string // of a version: home ID in which it lives; of a result: its subject
	keyID    string // of the fingerprint in it
	hash     string
	body     string // JSON
	volatile inventory.Volatile
}

type key struct {
	kind inventory.RowKind
	id   string
}

func (r row) key() key { return key{r.kind, r.id} }

func (k key) compare(o key) int { return cmp.Or(cmp.Compare(k.kind, o.kind), cmp.Compare(k.id, o.id)) }

// field is a field of a type that has a body.
type field struct {
	name  string // in JSON
	index int
}

// bodyFields lists the fields of each type that has a body: all that JSON shows but the volatile ones, which the row
// types embed and which have a body of their own.
var bodyFields = fieldsOf(inventory.Home{}, inventory.User{}, inventory.Grant{}, inventory.Identity{},
	inventory.Credential{}, inventory.Location{}, inventory.Usage{}, inventory.Volatile{})

func fieldsOf(values ...any) map[reflect.Type][]field {
	m := map[reflect.Type][]field{}
	for _, v := range values {
		t := reflect.TypeOf(v)
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.Anonymous && name != "-" {
				m[t] = append(m[t], field{name, i})
			}
		}
	}
	return m
}

// rowOf encodes an observation.
func rowOf(o inventory.Observation) (row, error) {
	if bodyFields[reflect.TypeOf(o)] == nil {
		return row{}, fmt.Errorf("store %T: not a row", o)
	}
	o = inventory.Merge(o, o) // brings lists into the one order that merging gives them
	kind, id := o.Row()
	r := row{kind: kind, id: clean(id), home: clean(o.HomeOf())}
	v := reflect.ValueOf(o)
	var err error
	if r.body, err = bodyOf(v); err != nil {
		return row{}, fmt.Errorf("store %s %s: %w", kind, id, err)
	}
	r.hash = hashOf(r.body)
	if f := v.FieldByName("KeyID"); f.IsValid() {
		r.keyID = clean(f.String())
	}
	if f := v.FieldByName("Volatile"); f.IsValid() {
		r.volatile = f.Interface().(inventory.Volatile)
		r.volatile.OnlineStatus = clean(r.volatile.OnlineStatus)
	}
	return r, nil
}

// bodyOf encodes a struct. Fields that are zero, which is unknown, are left out: that saves a third of the database,
// and a field that a later version adds leaves the hashes of rows without it as they are.
func bodyOf(v reflect.Value) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for _, f := range bodyFields[v.Type()] {
		value := v.Field(f.index)
		if value.IsZero() {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + f.name + `":`)
		if err := enc.Encode(value.Interface()); err != nil {
			return "", err
		}
		b.Truncate(b.Len() - 1) // the encoder's newline
	}
	b.WriteByte('}')
	return string(plain(b.Bytes())), nil
}

// hashOf returns SHA-256 as 43 characters.
func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// observe decodes what rowOf encoded, without volatile facts.
func observe(kind inventory.RowKind, body string) (inventory.Observation, error) {
	switch kind {
	case inventory.HomeRow:
		return decode[inventory.Home](body)
	case inventory.UserRow:
		return decode[inventory.User](body)
	case inventory.GrantRow:
		return decode[inventory.Grant](body)
	case inventory.IdentityRow:
		return decode[inventory.Identity](body)
	case inventory.CredentialRow:
		return decode[inventory.Credential](body)
	case inventory.LocationRow:
		return decode[inventory.Location](body)
	case inventory.UsageRow:
		return decode[inventory.Usage](body)
	}
	return nil, fmt.Errorf("row of unknown kind %.40q", kind)
}

func decode[T inventory.Observation](body string) (inventory.Observation, error) {
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return nil, fmt.Errorf("read %s row: %w", reflect.TypeFor[T]().Name(), err)
	}
	return v, nil
}
