package secret

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"log/slog"
	"strings"
	"testing"
	texttemplate "text/template"
)

// mark is what must never be seen; it is no credential of anything.
const mark = "CANARY-mark-EXAMPLE"

// holders hold a Value in every way in which a struct can.
func holders() map[string]any {
	v := New(mark)
	type inner struct {
		Shown  Value
		hidden Value
	}
	type outer struct {
		Name     string
		inner    inner
		pointer  *inner
		list     []Value
		byName   map[string]Value
		any      any
		function func() Value
	}
	return map[string]any{
		"value":      v,
		"pointer":    &v,
		"struct":     inner{v, v},
		"slice":      []Value{v},
		"array":      [1]Value{v},
		"map":        map[string]Value{"k": v},
		"map key":    map[Value]int{v: 1},
		"interface":  []any{v, &v, inner{v, v}},
		"unexported": outer{"n", inner{v, v}, &inner{v, v}, []Value{v}, map[string]Value{"k": v}, v, func() Value { return v }},
		"key":        Key{v},
		"nested":     struct{ a struct{ b struct{ c Value } } }{struct{ b struct{ c Value } }{struct{ c Value }{v}}},
		"error":      fmt.Errorf("request with %v: %w", v, errors.New("x")),
	}
}

// assertHidden looks for the mark as it is, in hexadecimal digits, in base64, and as a list of bytes.
func assertHidden(t *testing.T, how, text string) {
	t.Helper()
	digits := hex.EncodeToString([]byte(mark))
	list := strings.Trim(fmt.Sprint([]byte(mark)), "[]")
	for _, form := range []string{mark, digits, strings.ToUpper(digits), base64.StdEncoding.EncodeToString([]byte(mark)), list, strings.ReplaceAll(list, " ", ",")} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the value: %s", how, text)
		}
	}
}

func TestValueIsNeverPrinted(t *testing.T) {
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%c", "%U", "%o", "%b", "%t", "%e", "%20v", "%-20.5s", "%T", "%p"}
	for name, h := range holders() {
		for _, verb := range verbs {
			assertHidden(t, verb+" of "+name, fmt.Sprintf(verb, h))
		}
		assertHidden(t, "Sprint of "+name, fmt.Sprint(h))
		assertHidden(t, "Sprintln of "+name, fmt.Sprintln(h, &h))
		assertHidden(t, "Errorf of "+name, fmt.Errorf("x %v", h).Error())
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, New(mark)); got != shown {
			t.Errorf("Sprintf(%s) = %s, want %s", verb, got, shown)
		}
	}
}

func TestValueIsNeverLogged(t *testing.T) {
	for name, h := range holders() {
		var text, structured bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&structured, nil)} {
			log := slog.New(handler).With("with", h)
			log.Info("m", "attr", h, slog.Group("g", "in", h), slog.Any("any", h))
			log.WithGroup("group").LogAttrs(context.Background(), slog.LevelError, "m", slog.Any("a", h))
		}
		assertHidden(t, "slog text of "+name, text.String())
		assertHidden(t, "slog JSON of "+name, structured.String())
	}
}

func TestValueIsNeverRendered(t *testing.T) {
	for name, h := range holders() {
		for _, text := range []string{`{{.}}`, `{{printf "%v %s %x" . . .}}`, `{{print .}} {{println .}} {{html .}} {{js .}} {{urlquery .}}`, `{{range .}}{{.}}{{end}}`} {
			var out bytes.Buffer
			// Ranging over what is no list fails; what was written until then counts.
			_ = texttemplate.Must(texttemplate.New("").Parse(text)).Execute(&out, h)
			assertHidden(t, "text/template "+text+" of "+name, out.String())
		}
		for _, text := range []string{`<p title="{{.}}">{{.}}</p>`, `<script>var x = {{.}}</script>`, `<a href="/?q={{.}}">x</a>`, `<p style="width: {{.}}">x</p>`} {
			var out bytes.Buffer
			err := htmltemplate.Must(htmltemplate.New("").Parse(text)).Execute(&out, h)
			assertHidden(t, "html/template "+text+" of "+name, out.String()+fmt.Sprint(err))
		}
	}
}

func TestValueIsNeverEncoded(t *testing.T) {
	v := New(mark)
	type named struct{ V Value }
	encoders := map[string]func(any) ([]byte, error){
		"json": json.Marshal,
		"xml":  xml.Marshal,
		"gob": func(h any) ([]byte, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(h)
			return b.Bytes(), err
		},
	}
	for encoder, encode := range encoders {
		for name, h := range holders() {
			text, err := encode(h)
			assertHidden(t, encoder+" of "+name, string(text)+fmt.Sprint(err))
		}
		for name, h := range map[string]any{"value": v, "pointer": &v, "field": named{v}, "slice": []Value{v}} {
			if _, err := encode(h); !errors.Is(err, ErrRefused) && (err == nil || !strings.Contains(err.Error(), ErrRefused.Error())) {
				t.Errorf("%s of %s = %v, want ErrRefused", encoder, name, err)
			}
		}
	}
	if _, err := json.Marshal(map[Value]int{v: 1}); err == nil {
		t.Error("json of a map key = nil, want an error")
	}
	var marshalers = map[string]func() ([]byte, error){
		"text": encoding.TextMarshaler(v).MarshalText, "binary": encoding.BinaryMarshaler(v).MarshalBinary, "json": v.MarshalJSON, "gob": v.GobEncode,
	}
	for name, marshal := range marshalers {
		if text, err := marshal(); !errors.Is(err, ErrRefused) || text != nil {
			t.Errorf("%s = %s, %v; want ErrRefused", name, text, err)
		}
	}
}

func TestValueIsNeverSQL(t *testing.T) {
	for name, arg := range map[string]any{"value": New(mark), "pointer": ptr(New(mark))} {
		if got, err := driver.DefaultParameterConverter.ConvertValue(arg); !errors.Is(err, ErrRefused) || got != nil {
			t.Errorf("argument %s = %v, %v; want ErrRefused", name, got, err)
		}
	}
	db := sql.OpenDB(noDatabase{})
	defer db.Close()
	if _, err := db.Exec("INSERT", New(mark)); !errors.Is(err, ErrRefused) {
		t.Errorf("Exec = %v, want ErrRefused", err)
	}
}

func ptr[T any](v T) *T { return &v }

// noDatabase is a database/sql driver that takes any statement.
type noDatabase struct{}

func (noDatabase) Connect(context.Context) (driver.Conn, error) { return noDatabase{}, nil }
func (noDatabase) Driver() driver.Driver                        { return nil }
func (noDatabase) Prepare(string) (driver.Stmt, error)          { return noDatabase{}, nil }
func (noDatabase) Close() error                                 { return nil }
func (noDatabase) Begin() (driver.Tx, error)                    { return nil, errors.ErrUnsupported }
func (noDatabase) NumInput() int                                { return -1 }
func (noDatabase) Exec([]driver.Value) (driver.Result, error)   { return driver.RowsAffected(0), nil }
func (noDatabase) Query([]driver.Value) (driver.Rows, error)    { return nil, errors.ErrUnsupported }

func TestValueHoldsItsBytes(t *testing.T) {
	if v := New(mark); v.Reveal() != mark || v.Len() != len(mark) {
		t.Errorf("Reveal = %d bytes, Len = %d; want %d", len(v.Reveal()), v.Len(), len(mark))
	}
	var zero Value
	if zero.Reveal() != "" || zero.Len() != 0 || fmt.Sprint(zero) != shown {
		t.Errorf("zero Value = %d bytes, printed %s", zero.Len(), fmt.Sprint(zero))
	}
}
