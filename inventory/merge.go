package inventory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Merge joins what two visits know about one row: what is known beats what is not, and of two known values
// the greater holds (for a moment the later, for a Tri yes). Lists and maps are united; a list comes out sorted by the
// JSON text of its elements. The order and number of observations do not matter: Merge is commutative, associative and,
// for rows whose lists are in that order and name nothing twice, idempotent.
// Merge panics when a and b are not rows of the same kind and ID: that is a fault of the caller.
func Merge(a, b Observation) Observation {
	ka, ia := a.Row()
	kb, ib := b.Row()
	if ka != kb || ia != ib {
		panic(fmt.Sprintf("inventory: merge %s %s with %s %s", ka, ia, kb, ib))
	}
	out := reflect.New(reflect.TypeOf(a)).Elem()
	mergeStruct(out, reflect.ValueOf(a), reflect.ValueOf(b))
	return out.Interface().(Observation)
}

func mergeStruct(out, a, b reflect.Value) {
	for i := range out.NumField() {
		merge := mergeField
		if out.Type().Field(i).Tag.Get("merge") == "external-last" {
			merge = mergeCredential
		}
		out.Field(i).Set(merge(a.Field(i), b.Field(i)))
	}
	if out.FieldByName("Fingerprint").IsValid() {
		keepFingerprint(out, a, b)
	}
}

// keepFingerprint takes a fingerprint together with the key that made it: under another key, the greater of each would
// be a pair that never was.
func keepFingerprint(out, a, b reflect.Value) {
	of := func(v reflect.Value) (fingerprint, key reflect.Value) {
		return v.FieldByName("Fingerprint"), v.FieldByName("KeyID")
	}
	fingerprint, key := of(a)
	f, k := of(b)
	if cmp.Or(cmp.Compare(f.String(), fingerprint.String()), cmp.Compare(k.String(), key.String())) > 0 {
		fingerprint, key = f, k
	}
	outFingerprint, outKey := of(out)
	outFingerprint.Set(fingerprint)
	outKey.Set(key)
}

// mergeCredential joins two answers to whose value lies somewhere: a credential that GitLab lists says more than one
// that is known by its value alone.
func mergeCredential(a, b reflect.Value) reflect.Value {
	x, y := strings.Contains(a.String(), externalPart), strings.Contains(b.String(), externalPart)
	switch {
	case a.String() != "" && b.String() != "" && x && !y:
		return b
	case a.String() != "" && b.String() != "" && y && !x:
		return a
	}
	return mergeField(a, b)
}

// externalPart is in every ID that ExternalID makes and in no other credential's.
const externalPart = "/credential/external/"

func mergeField(a, b reflect.Value) reflect.Value {
	switch {
	case a.IsZero():
		return b
	case b.IsZero():
		return a
	}
	switch a.Interface().(type) {
	case When:
		return greater(a, b, a.Interface().(When).Compare(b.Interface().(When)))
	case CredentialKind:
		if b.Interface().(CredentialKind).Outranks(a.Interface().(CredentialKind)) {
			return b
		}
		return a
	}
	switch a.Kind() {
	case reflect.String:
		return greater(a, b, cmp.Compare(a.String(), b.String()))
	case reflect.Int, reflect.Int64:
		return greater(a, b, cmp.Compare(a.Int(), b.Int()))
	case reflect.Uint8:
		return greater(a, b, cmp.Compare(a.Uint(), b.Uint()))
	case reflect.Struct:
		out := reflect.New(a.Type()).Elem()
		mergeStruct(out, a, b)
		return out
	case reflect.Map:
		return mergeMaps(a, b)
	case reflect.Slice:
		return mergeSlices(a, b)
	}
	panic("inventory: merge has no rule for " + a.Type().String())
}

func greater(a, b reflect.Value, c int) reflect.Value {
	if c >= 0 {
		return a
	}
	return b
}

func mergeMaps(a, b reflect.Value) reflect.Value {
	out := reflect.MakeMap(a.Type())
	for _, m := range []reflect.Value{a, b} {
		for k, v := range m.Seq2() {
			if old := out.MapIndex(k); !old.IsValid() || old.String() < v.String() {
				out.SetMapIndex(k, v)
			}
		}
	}
	return out
}

// mergeSlices unites two lists and sorts them by their JSON text, so that equal elements fall together.
func mergeSlices(a, b reflect.Value) reflect.Value {
	type element struct {
		text string
		v    reflect.Value
	}
	var all []element
	for _, s := range []reflect.Value{a, b} {
		for _, v := range s.Seq2() {
			text, err := json.Marshal(v.Interface())
			if err != nil {
				panic(err) // rows hold only plain types
			}
			all = append(all, element{string(text), v})
		}
	}
	slices.SortFunc(all, func(x, y element) int { return cmp.Compare(x.text, y.text) })
	all = slices.CompactFunc(all, func(x, y element) bool { return x.text == y.text })
	out := reflect.MakeSlice(a.Type(), 0, len(all))
	for _, e := range all {
		out = reflect.Append(out, e.v)
	}
	return out
}
