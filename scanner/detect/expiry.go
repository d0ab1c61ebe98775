package detect

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"time"
)

// past is a moment before this release: what ended before it has ended for whoever runs it. There is no clock here, so
// that equal contents give equal findings.
var past = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

// validity is what a credential says of its own end.
type validity struct {
	told     bool          // it says whether it ends
	end      time.Time     // zero where it does not end
	lifetime time.Duration // from issue to end; zero where unknown
}

func (v validity) over() bool { return v.told && !v.end.IsZero() && v.end.Before(past) }

// reason words an end, or is empty.
func (v validity) reason() string {
	switch {
	case !v.told:
		return ""
	case v.end.IsZero():
		return "never expires"
	case v.over():
		return "expired on " + v.end.Format(time.DateOnly)
	}
	return "expires on " + v.end.Format(time.DateOnly)
}

// validity reads the claims of a JSON Web Token, or the certificate beside a private key.
func (c *suspect) validity() validity {
	v := c.content[c.hit.start:c.hit.end]
	switch {
	case c.hit.detector == "jwt":
		return claims(v)
	case c.hit.detector == "private-key":
		return certified(c.content[max(0, c.hit.start-besideKey):min(len(c.content), c.hit.end+besideKey)])
	}
	return validity{}
}

// claims reads when a token was issued and ends.
// Source: RFC 7519, section 4.1
func claims(token []byte) validity {
	parts := bytes.SplitN(token, []byte("."), 3)
	if len(parts) < 2 {
		return validity{}
	}
	text, err := base64.RawURLEncoding.DecodeString(string(bytes.TrimRight(parts[1], "=")))
	if err != nil {
		return validity{}
	}
	var payload struct {
		Exp *float64
		Iat float64
	}
	if json.Unmarshal(text, &payload) != nil {
		return validity{}
	}
	if payload.Exp == nil {
		return validity{told: true}
	}
	const furthest = 1 << 33 // seconds: the year 2242; beyond are milliseconds and mistakes
	if *payload.Exp <= 0 || *payload.Exp > furthest {
		return validity{}
	}
	found := validity{told: true, end: time.Unix(int64(*payload.Exp), 0).UTC()}
	if payload.Iat > 0 && payload.Iat < *payload.Exp {
		found.lifetime = time.Duration(*payload.Exp-payload.Iat) * time.Second
	}
	return found
}

// besideKey is how far from a private key its certificate may lie, in bytes.
const besideKey = 8 << 10

// certified reads the first certificate in a text.
// Source: RFC 7468, section 5; RFC 5280, section 4.1.2.5
func certified(text []byte) validity {
	at := bytes.Index(text, []byte("-----BEGIN CERTIFICATE-----"))
	if at < 0 {
		return validity{}
	}
	block, _ := pem.Decode(text[at:])
	if block == nil {
		return validity{}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return validity{}
	}
	return validity{told: true, end: cert.NotAfter.UTC(), lifetime: cert.NotAfter.Sub(cert.NotBefore)}
}
