package scanner

import (
	"net/url"
	"slices"
	"strings"

	"nhiscan/scanner/detect"
)

// keyParameters are names that in a query say that the value lets in, although elsewhere they may name anything.
var keyParameters = []string{"key", "code", "sig", "signature", "auth", "hash"}

// inQuery adds to found the secrets in the query of a webhook's or mirror's address. That is no sample and no code: a
// random value under the name of a key is what the other side asks for.
func (v *Visit) inQuery(address string, found []detect.Finding) []detect.Finding {
	_, query, _ := strings.Cut(address, "?")
	query, _, _ = strings.Cut(query, "#")
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, text, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(text)
		if err != nil {
			value = text
		}
		if slices.Contains(keyParameters, strings.ToLower(name)) {
			name = "api_key"
		}
		for _, f := range sure(v.Engine().Value(name, value)) {
			fingerprint, _ := v.Fingerprint(f.Secret)
			known := slices.ContainsFunc(found, func(o detect.Finding) bool {
				other, _ := v.Fingerprint(o.Secret)
				return other == fingerprint
			})
			if !known {
				f.Line = 1
				found = append(found, f)
			}
		}
	}
	return found
}
