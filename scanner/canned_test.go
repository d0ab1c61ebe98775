package scanner

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"nhiscan/inventory"
)

// cannedServer answers every request with one body.
func cannedServer(t *testing.T, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// visitOf makes a visit of project 1000 by an administrator, outside a run.
func visitOf(t *testing.T, base string) *Visit {
	t.Helper()
	engine, err := testEngine()
	if err != nil {
		t.Fatal(err)
	}
	client := testClient(t, base, "EXAMPLE", nil)
	home := inventory.Home{ID: "test/home/project:1000", Kind: inventory.ProjectHome, Number: 1000, Path: "acme/shop/cart"}
	r := &run{o: Options{Client: client, Engine: engine, Key: testKey(t), Began: time.Unix(1, 0)}, client: client, shared: map[string]*sharedAnswer{},
		units: map[string]*unit{}, identified: map[string]string{}}
	u := &unit{home: home, level: Administrator, memo: map[string]memo{}}
	return &Visit{Home: home, Level: Administrator, Self: Self{Instance: "test", Admin: inventory.Yes}, run: r, unit: u, counts: map[string]int{}}
}
