package inventory

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// diff compares whole values; When is compared by ==.
func diff(want, got any) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b When) bool { return a == b }))
}

// kinds are an empty row of every kind.
func kinds() []Observation {
	return []Observation{Home{}, User{}, Grant{}, Identity{}, Credential{}, Location{}, Usage{}}
}

// drawRow fills a row with values from few, so that two of them often agree. The ID stays as it is given.
func drawRow(t *rapid.T, label string, kind Observation, id string) Observation {
	v := reflect.New(reflect.TypeOf(kind)).Elem()
	drawStruct(t, label, v)
	v.FieldByName("ID").SetString(id)
	return v.Interface().(Observation)
}

func drawStruct(t *rapid.T, label string, v reflect.Value) {
	for i := range v.NumField() {
		drawField(t, label+" "+v.Type().Field(i).Name, v.Field(i))
	}
}

func drawField(t *rapid.T, label string, f reflect.Value) {
	switch f.Interface().(type) {
	case When:
		f.Set(reflect.ValueOf(drawWhen(t, label)))
		return
	case CredentialKind:
		f.SetString(rapid.SampledFrom([]string{"", "access-token", "personal-access-token", "project-access-token", "deploy-key"}).Draw(t, label))
		return
	}
	switch f.Kind() {
	case reflect.String:
		f.SetString(rapid.SampledFrom([]string{"", "a", "b", "git.example/credential/external/x", "git.example/credential/access-token/1"}).Draw(t, label))
	case reflect.Int, reflect.Int64:
		f.SetInt(rapid.Int64Range(0, 2).Draw(t, label))
	case reflect.Uint8:
		f.SetUint(rapid.Uint64Range(0, 2).Draw(t, label))
	case reflect.Struct:
		drawStruct(t, label, f)
	case reflect.Map:
		if n := rapid.IntRange(0, 3).Draw(t, label); n > 0 {
			f.Set(reflect.MakeMap(f.Type()))
			for _, k := range []string{"x", "y"}[:n-1] {
				f.SetMapIndex(reflect.ValueOf(k), reflect.ValueOf(rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, label)))
			}
		}
	case reflect.Slice:
		if n := rapid.IntRange(0, 3).Draw(t, label); n > 0 {
			f.Set(reflect.MakeSlice(f.Type(), n-1, n-1))
			for i := range n - 1 {
				drawField(t, label, f.Index(i))
			}
		}
	}
}

func drawWhen(t *rapid.T, label string) When {
	switch sec := rapid.Int64Range(-2, 3).Draw(t, label); sec {
	case -2:
		return When{}
	case -1:
		return Never
	default:
		return At(time.Unix(sec*86400, 0))
	}
}

func TestRowKindsAreAllRows(t *testing.T) {
	var got []RowKind
	for _, o := range kinds() {
		kind, _ := o.Row()
		got = append(got, kind)
	}
	if d := diff(RowKinds(), got); d != "" {
		t.Errorf("RowKinds (-listed +rows):\n%s", d)
	}
}
