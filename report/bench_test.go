package report

import (
	"io"
	"testing"
)

// BenchmarkWrite writes a report of 100,000 credentials, each with an owner, a gap and a place.
func BenchmarkWrite(b *testing.B) {
	d := largeCompany(100_000)
	for _, f := range []Format{Table, JSON, HTML, CSV} {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Write(io.Discard, f, d, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
